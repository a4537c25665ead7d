// A PostgreSQL server that is not ours, as its packages make one: its first superuser is called postgres.
#pragma once

#include <fmt/format.h>
#include <signal.h>

#include "provider/local/databases.h"
#include "provider/local/postgres_server.h"
#include "tests/port.h"
#include "tests/temporary.h"

namespace tests {

inline const base::Secret stranger_password("production's own");

/// As root, it runs as `dbrefresh`; it goes with this object.
class Stranger {
 public:
  explicit Stranger(const std::string& settings = "") {
    const auto us = os::current_user();
    user_ = us.uid == 0 ? os::find_user("dbrefresh").value() : us;
    os::make_folder(data().parent_path(), 0711, user_);
    const auto password = data().parent_path() / "password";
    os::write_file_atomic(password, stranger_password.reveal() + "\n", 0600);
    os::give_to(password, user_);
    os::run_or_throw({.argv = {program("initdb"), "-D", data().string(), "-U", "postgres", "-E", "UTF8",
                               "--no-sync", "--auth=scram-sha-256", "--pwfile=" + password.string()},
                      .user = user_},
                     clock, clock.now() + std::chrono::minutes(2), {});
    os::write_file_atomic(data() / "postgresql.conf",
                          fmt::format("port = {}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = "
                                      "'{}'\nshared_buffers = 16MB\nfsync = off\ntimezone = 'UTC'\n{}",
                                      port, folder_.path().string() + "/s", settings),
                          0600);
    os::give_to(data() / "postgresql.conf", user_);
    process_ = os::start({.argv = {program("postgres"), "-D", data().string()},
                          .user = user_,
                          .folder = data(),
                          .output = data().parent_path() / "log"});
    while (true) {
      try {
        log_in();
        return;
      } catch (const base::Error& error) {
        if (!error.retryable || !os::is_running(*process_)) throw;
        clock.sleep_until(clock.now() + std::chrono::milliseconds(50), {});
      }
    }
  }
  Stranger(const Stranger&) = delete;
  ~Stranger() {
    os::send_signal(*process_, SIGQUIT);
    while (os::is_running(*process_)) clock.sleep_until(clock.now() + std::chrono::milliseconds(20), {});
  }

  os::fs::path data() const { return folder_.path() / "s" / "data"; }
  std::unique_ptr<sql::Connection> log_in(const std::string& database = "postgres") {
    return sql::connect({.family = "postgres",
                         .host = "127.0.0.1",
                         .port = port,
                         .user = "postgres",
                         .password = stranger_password,
                         .database = database},
                        std::chrono::seconds(10));
  }
  void execute(const std::string& database, const std::vector<std::string>& statements) {
    const auto session = log_in(database);
    for (const auto& each : statements) session->execute(each, 0);
  }

  base::SystemClock clock;
  int port = any_port();

 private:
  static std::string program(const char* name) { return provider::local::postgres_program(name).string(); }
  Temporary folder_;
  os::Ids user_;
  std::optional<os::ProcessId> process_;
};

}  // namespace tests
