// What would keep a restore from working here, found without changing anything.
#pragma once

#include "provider/local/snapshots.h"

namespace provider::local {

/// The questions of one plan. Not thread-safe; made for one check.
class Admission {
 public:
  Admission(Fleet& fleet, Supervisor& supervisor, Snapshots& snapshots, base::Clock& clock)
      : fleet_(fleet), supervisor_(supervisor), snapshots_(snapshots), clock_(clock) {}

  std::vector<Objection> check(const Intent& intent);

 private:
  void object(Objection::About about, std::string message);
  void check_host(const Intent& intent, const Row& source);
  void check_listening(const Intent& intent, const Row& source);
  /// Of the database that is replaced.
  void tell_of_certificate(const Row& replaced);
  /// What the copy is made of: a running server, a snapshot, or snapshot and log.
  void check_origin(const RestoreRequest& request, const Row& source);
  void check_snapshot(const std::string& name, const Row& source);
  void check_point(base::Time time, const Row& source);
  void check_running(const Row& source);
  /// What only its server knows.
  void ask_server(const Row& source);
  void check_room(Objection::About about, std::uint64_t bytes, bool shared, const std::string& name);
  bool clones(const Row& source);
  /// The database's own, and those of its replicas; a cluster's readers ask for none.
  void check_ports(const Intent& intent);
  void check_port(Objection::About about, int port, const RestoreRequest& request);

  Fleet& fleet_;
  Supervisor& supervisor_;
  Snapshots& snapshots_;
  base::Clock& clock_;
  std::vector<Objection> objections_;
};

}  // namespace provider::local
