// The processes of the servers of a home: what runs, and whom it lets in.
#pragma once

#include "provider/local/fleet.h"
#include "provider/local/jobs.h"

namespace provider::local {

/// How a server's process is to be; what is not said stays as it is.
struct Power {
  std::optional<bool> open, running;
};

/// Thread-safe. An operation whose process died leaves a status that is seen through: what runs and what is
/// whole is looked up, not believed.
class Supervisor {
 public:
  Supervisor(Fleet& fleet, Jobs& jobs, base::Clock& clock) : fleet_(fleet), jobs_(jobs), clock_(clock) {}

  /// Does an adopted server let us in? What was seen up to `held` ago is believed.
  bool answers(const Row& adopted, std::chrono::seconds held = {});
  /// Of an adopted server only if it is looked at, for a login may take seconds: else "unknown".
  std::string status_of(const Row& row, bool look = true);
  Database describe(const Row& row, bool look);
  /// Throws InvalidDBInstanceState unless its status is `available`.
  void must_be_available(const Row& row);

  /// Nothing once it is so, with all the servers that go with it. Works on in a light job.
  std::optional<Pending> bring_to(const Row& row, const Power& power, const Budget& budget);
  /// Waits for a change that goes on already; throws its error if `power` is what it was to bring about.
  std::optional<Pending> await_change(const Row& row, const Power& power, const Budget& budget);
  /// Nothing once the server has taken it. Works on in a light job: a server that hangs keeps nobody waiting.
  std::optional<Pending> set_master_password(const Row& row, const base::Secret& password,
                                             const Budget& budget);

  /// The verbs themselves, in the thread of who calls them. start() does nothing to a server that runs.
  void start(const Row& row, const Budget& budget);
  void stop(const Row& row, const Budget& budget);
  void set_open(const Row& row, bool open, const Budget& budget);
  /// Of one that runs and lets users in: what it proves itself by, renewed before it ends. True if it was.
  bool renew_certificate(const Row& row, const Budget& budget);
  /// Of ours: is it meant to run, and does not, as after a reboot?
  bool is_down(const Row& row);

 private:
  bool is_so(const Row& row, const Power& power);
  bool has_taken(const std::string& id, const base::Secret& password);
  /// Of all that go with it, the storage first.
  void apply(const Row& row, const Power& power, const Budget& budget);
  void await_port(const Row& row, const Budget& budget);

  struct Seen {
    bool answers = false;
    base::Time when{};
  };
  Fleet& fleet_;
  Jobs& jobs_;
  base::Clock& clock_;
  std::mutex mutex_;                           ///< guards the two below
  std::map<std::string, Seen> seen_;           ///< adopted servers, by id
  std::map<std::string, base::Secret> taken_;  ///< passwords that a job has set, by id, until it is told
};

}  // namespace provider::local
