// The logs of adopted servers: received as they grow, by a process that outlives us. Also where the log of
// any database lies, and how far it goes.
#pragma once

#include "provider/local/supervisor.h"

namespace provider::local {

/// Thread-safe. Folders: <storage>/archive/<id>.
class LogArchive {
 public:
  LogArchive(Fleet& fleet, Supervisor& supervisor) : fleet_(fleet), supervisor_(supervisor) {}

  /// Is its log kept?
  static bool keeps_log(const Row& row) { return !row.writer && row.settings.value("retention_days", 0) > 0; }
  bool receives(const Row& adopted);
  /// One receiver, whoever else starts it at this moment; one that gets nothing but errors is begun again,
  /// with the password of today. Throws LogNotReceived.
  void start_receiving(const Row& adopted, const Budget& budget);
  void stop_receiving(const Row& adopted);
  /// Forgets all that was received, and receives from now on: a gap is filled by nothing.
  void begin_anew(const Row& adopted, const Budget& budget);
  /// Waits a moment for the log of a copy that was just made; false if it does not come.
  bool await_log(const Row& adopted, const Snapshot& base, const Budget& budget);

  LogSource log_of(const Row& source, const Snapshot& base);
  bool has_log(const Row& source, const Snapshot& base);
  void drop_log_before(const Row& source, const Snapshot& base);
  /// Why the log does not grow any more; "" if it does, or the server is ours.
  std::string fault(const Row& source, base::Clock& clock);
  /// While the log grows, a restore fetches what is missing; else what we have is all there is.
  base::Time log_end(const Row& source, base::Clock& clock);

 private:
  std::string last_complaint(const Row& adopted, base::Clock& clock);

  Fleet& fleet_;
  Supervisor& supervisor_;
};

}  // namespace provider::local
