// A MariaDB server that nobody of us made: as mariadb-install-db leaves it, anonymous users and all.
#pragma once

#include "base/error.h"
#include "os/process.h"
#include "sql/connection.h"
#include "tests/port.h"
#include "tests/temporary.h"

namespace tests {

class StrangeMariaDb {
 public:
  explicit StrangeMariaDb(const std::vector<std::string>& settings = {}) {
    os::run_or_throw({.argv = {"mariadb-install-db", "--no-defaults", "--datadir=" + data().string(),
                               "--auth-root-socket-user=" + os::current_user().name},
                      .environment = {"TMPDIR=" + folder_.path().string()}},
                     clock_, clock_.now() + std::chrono::minutes(1), {});
    start(settings);
  }
  StrangeMariaDb(const StrangeMariaDb&) = delete;
  StrangeMariaDb& operator=(const StrangeMariaDb&) = delete;
  ~StrangeMariaDb() { kill(); }

  void start(const std::vector<std::string>& settings = {}) {
    os::Command command{
        // A temporary folder of its own: a server that starts removes all temporary tables in its one.
        .argv = {"mariadbd", "--no-defaults", "--datadir=" + data().string(),
                 "--tmpdir=" + folder_.path().string(), "--socket=" + socket().string(),
                 "--bind-address=127.0.0.1", "--port=" + std::to_string(port), "--log-bin=binlog",
                 "--server-id=7", "--innodb-buffer-pool-size=16M",
                 "--pid-file=" + (folder_.path() / "pid").string()},
        .output = folder_.path() / "server.log"};
    if (os::current_user().uid == 0) command.argv.emplace_back("--user=root");
    command.argv.insert(command.argv.end(), settings.begin(), settings.end());
    process_ = os::start(command);
    const auto deadline = clock_.now() + std::chrono::minutes(1);
    while (true) try {
        administrate();
        return;
      } catch (const base::Error&) {
        if (clock_.now() > deadline || !os::is_running(process_)) throw;
        clock_.sleep_until(clock_.now() + std::chrono::milliseconds(20), {});
      }
  }
  void kill() {
    os::send_signal(process_, SIGKILL);
    while (os::is_running(process_)) clock_.sleep_until(clock_.now() + std::chrono::milliseconds(5), {});
  }

  std::unique_ptr<sql::Connection> administrate() const {
    return sql::connect({.family = "mariadb", .socket = socket().string(), .user = os::current_user().name},
                        std::chrono::seconds(10));
  }
  void run(const std::vector<std::string>& statements) const {
    const auto session = administrate();
    for (const auto& each : statements) session->query(each);
  }
  os::fs::path data() const { return folder_.path() / "data"; }
  os::fs::path socket() const { return folder_.path() / "socket"; }
  const os::fs::path& folder() const { return folder_.path(); }

  const int port = any_port();

 private:
  Temporary folder_;
  base::SystemClock clock_;
  os::ProcessId process_;
};

}  // namespace tests
