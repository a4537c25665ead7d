// A whole refresh in simulated time: the real engine, journal and steps; databases in memory, faults from a
// seed.
#pragma once

#include "engine/engine.h"
#include "provider/simulated/databases.h"
#include "provider/simulated/stores.h"
#include "refresh/document.h"
#include "refresh/lookup.h"
#include "refresh/retry.h"
#include "tests/temporary.h"

namespace tests {

/// What a crash throws: no std::exception, so that nothing on the way takes it for an error.
struct Crash {};

std::string instance_file();  ///< Test 3c of the original: replaces mysqlinstd, masks, writes a secret
std::string
cluster_file();  ///< Test 1 of the original with the old cluster replaced, replicas and a secret rotated

/// How the tasks of a run are called.
struct Calls {
  refresh::CallTimes times = {};
  bool stateless = false;    ///< each call gets objects of its own, and nothing but its input
  bool twice = false;        ///< each call is made twice, and the first one's answer is lost
  bool keep_failed = false;  ///< the run is told to keep its copy if it fails
  bool at_once = false;  ///< whenever a call changes a database, the same call is made once more meanwhile
};

class SimulatedWorld {
 public:
  SimulatedWorld(const std::string& file_text, bool with_old, provider::simulated::Faults faults,
                 Calls calls = {});

  /// The world of `living` as the next process finds it when that of `living` dies now.
  explicit SimulatedWorld(const SimulatedWorld& living);
  SimulatedWorld& operator=(const SimulatedWorld&) = delete;

  /// Runs to the end. Where `crash_at` (counted over journal commits and changes of databases) is reached,
  /// the process "dies", and another one takes the run up. Returns how many such points were passed.
  int run(int crash_at = -1);

  /// Runs to the end, and shows at each such point the world in which the process has died there; what is
  /// done to that one does not touch this one. Returns how many there were.
  int run_and_die_everywhere(const std::function<void(SimulatedWorld& dead, int at)>& show);

  /// Takes the run up where its process has died, or starts it if it had not come that far.
  void take_up();

  /// The same for a run that has ended, and could not be rolled back: takes it up to roll it back again.
  int roll_back_again(int crash_at = -1);

  /// After a run that has failed and kept its copy: nothing fails any more, and another run, which goes on
  /// with that copy, is the one to be run. False if it kept none, or
  /// nobody knows how far its scripts came.
  bool go_on();

  /// Everything that must hold when a run has ended, whatever happened. Empty: all is well.
  std::vector<std::string> faults_at_end();
  bool completed();
  std::string cause();
  /// What the run has left, without times and ids: two runs that ended alike show the same.
  base::Json end_state();

  refresh::RefreshFile file;
  Temporary folder{true};
  base::VirtualClock clock;
  provider::simulated::Databases databases;
  provider::simulated::Secrets secrets;
  provider::simulated::Scripts scripts;
  provider::simulated::MemoryLedger ledger;
  provider::simulated::MemoryNotifier notifier;
  provider::Services services{databases, secrets, scripts, ledger, notifier};
  store::Journal journal{folder.path() / "journal.db"};
  std::string run_id = "20260101000000-abc123";

 private:
  int survive(int crash_at, const std::function<void()>& work);
  void drive(const std::function<void(engine::Engine&)>& begin);
  engine::Task task();
  base::Json state();  ///< of the run
  base::Json call_at_once(const std::function<base::Json()>& call);
  void seal_secrets();
  Calls calls_;
  std::optional<refresh::Retry> retry_;  ///< of the run that is run
  bool with_old_;
  std::string old_id_;
  std::map<std::string, std::string> old_parts_;  ///< names by id
};

}  // namespace tests
