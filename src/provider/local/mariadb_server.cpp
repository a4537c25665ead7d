#include "provider/local/mariadb_server.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace provider::local {
namespace {

using base::Error;
using namespace std::chrono_literals;

/// Small servers: several stand on one host. What its data needs is added from settings_of().
constexpr std::string_view fixed_settings = R"(performance_schema = OFF
innodb_buffer_pool_size = 64M
innodb_flush_log_at_trx_commit = 1
skip_slave_start = ON
skip_name_resolve = ON
local_infile = OFF
skip_log_bin
event_scheduler = OFF
)";

constexpr const char* carried_settings[] = {"innodb_page_size",       "innodb_data_file_path",
                                            "lower_case_table_names", "character_set_server",
                                            "collation_server",       "sql_mode",
                                            "max_allowed_packet",     "innodb_undo_tablespaces"};

std::string quoted(const std::string& name) {
  return fmt::format("'{}'@'localhost'", name);
}

}  // namespace

std::optional<os::ProcessId> MariaDbServer::process() const {
  std::error_code error;
  const auto ours = os::fs::canonical(data(), error);
  if (error) return std::nullopt;
  try {
    const auto found = os::identify(std::atoi(os::read_file(folder() / "pid", 64).c_str()));
    if (found && os::working_folder(found->pid) == ours) return found;
  } catch (const Error&) {
    // no pid file: it may be starting
  }
  return os::find_working_in(ours);
}

void MariaDbServer::initialise(const Waiting& waiting) const {
  os::make_folder(folder(), 0700, home_.server_user);
  os::make_folder(scratch(), 0700, home_.server_user);
  os::run_or_throw({.argv = {"mariadb-install-db", "--no-defaults", "--datadir=" + data().string(),
                             "--skip-test-db", "--auth-root-authentication-method=socket",
                             "--auth-root-socket-user=" + home_.server_user.name},
                    .user = home_.server_user,
                    .environment = {"TMPDIR=" + scratch().string()}},
                   waiting.clock, waiting.deadline, waiting.stop);
}

void MariaDbServer::configure(int port, bool open, const base::Json& settings) const {
  os::make_folder(scratch(), 0700, home_.server_user);
  std::string text = fmt::format(
      "# Written by dbrefresh at every start; changes are lost.\n[mysqld]\ndatadir = {}\nsocket = "
      "{}\npid_file = {}\ntmpdir = {}\n{}",
      data().string(), socket().string(), (folder() / "pid").string(), scratch().string(), fixed_settings);
  text += open ? fmt::format("bind_address = 127.0.0.1\nport = {}\n", port) : "skip_networking = ON\n";
  for (const auto& [name, value] : settings.items())
    text += fmt::format("{} = {}\n", name, value.get<std::string>());
  os::write_file_atomic(folder() / "server.cnf", text, 0600);
  os::give_to(folder() / "server.cnf", home_.server_user);
}

void MariaDbServer::start(bool first_time, const Waiting& waiting) const {
  if (process()) return;
  os::Command command{.argv = {"mariadbd", "--defaults-file=" + (folder() / "server.cnf").string()},
                      .user = home_.server_user,
                      .folder = data(),
                      .output = folder() / "server.log"};
  const auto init = folder() / "init.sql";
  if (first_time) {
    std::string sql;
    for (const auto& name : administrators()) {
      sql += fmt::format("CREATE OR REPLACE USER {} IDENTIFIED VIA unix_socket;\n", quoted(name));
      sql += fmt::format("GRANT ALL ON *.* TO {} WITH GRANT OPTION;\n", quoted(name));
    }
    os::write_file_atomic(init, sql, 0600);
    os::give_to(init, home_.server_user);
    command.argv.push_back("--init-file=" + init.string());
  }
  const os::ProcessId server = os::start(command);
  while (true) {
    try {
      administrate();
      break;
    } catch (const Error&) {
      if (!os::is_running(server))
        throw Error("ServerFailed",
                    fmt::format("mariadbd of {} ended while it started: {}", id_, log_tail()));
      if (waiting.clock.now() >= waiting.deadline)
        throw Error("DeadlineExceeded",
                    fmt::format("mariadbd of {} did not answer in time: {}", id_, log_tail()));
    }
    if (!waiting.clock.sleep_until(waiting.clock.now() + 20ms, waiting.stop))
      throw Error("Interrupted", "stopped while a server was starting");
  }
  if (first_time) os::remove_tree(init);
}

/// Waits until the process is gone; false if it is still there after `patience`.
bool MariaDbServer::await_end(const os::ProcessId& server, std::chrono::seconds patience,
                              const Waiting& waiting) const {
  const auto enough = std::min(waiting.clock.now() + patience, waiting.deadline);
  while (os::is_running(server)) {
    if (waiting.clock.now() >= enough) return false;
    if (!waiting.clock.sleep_until(waiting.clock.now() + 10ms, waiting.stop))
      throw Error("Interrupted", "stopped while a server was stopping");
  }
  return true;
}

/// Waits until it answers, whatever it says; false if it ends first or takes longer than `patience`.
bool MariaDbServer::await_answer(const os::ProcessId& server, std::chrono::seconds patience,
                                 const Waiting& waiting) const {
  const auto enough = std::min(waiting.clock.now() + patience, waiting.deadline);
  while (os::is_running(server) && waiting.clock.now() < enough) {
    try {
      administrate();
      return true;
    } catch (const Error& error) {
      if (!error.retryable) return true;
    }
    if (!waiting.clock.sleep_until(waiting.clock.now() + 20ms, waiting.stop))
      throw Error("Interrupted", "stopped while a server was stopping");
  }
  return false;
}

/// A mariadbd that gets SIGTERM while it starts may wait for ever in its own start (seen with 10.11, in
/// init_slave), so its start is awaited. One that does not answer, or does not end, is ended as by a crash,
/// from which it recovers when it is started again.
void MariaDbServer::stop(const Waiting& waiting) const {
  const auto server = process();
  if (!server) return;
  if (await_answer(*server, 30s, waiting)) {
    os::send_signal(*server, SIGTERM);
    if (await_end(*server, 60s, waiting)) return;
  }
  kill(waiting);
}

void MariaDbServer::kill(const Waiting& waiting) const {
  const auto server = process();
  if (!server) return;
  os::send_signal(*server, SIGKILL);
  if (!await_end(*server, 60s, waiting))
    throw Error("DeadlineExceeded", fmt::format("mariadbd of {} did not stop in time", id_));
}

std::set<std::string> MariaDbServer::administrators() const {
  return {home_.server_user.name, os::current_user().name, "root"};
}

std::unique_ptr<sql::Connection> MariaDbServer::administrate() const {
  return sql::connect({.family = "mariadb", .socket = socket().string(), .user = os::current_user().name},
                      10s);
}

std::string MariaDbServer::log_tail() const {
  std::string log;
  try {
    log = os::read_file(folder() / "server.log", 256U << 20U);
  } catch (const Error& error) {
    return error.message;
  }
  std::string tail;
  for (const auto& line : base::split_list(log.size() > 8000 ? log.substr(log.size() - 8000) : log, '\n'))
    if (line.find("[ERROR]") != std::string::npos) tail += (tail.empty() ? "" : "; ") + line;
  return tail.empty() ? "its log has no error" : tail;
}

base::Json settings_of(sql::Connection& source) {
  base::Json out = base::Json::object();
  for (const char* name : carried_settings) {
    const auto value = source.scalar(fmt::format("SELECT @@global.{}", name));
    if (value && !value->empty()) out[name] = *value;
  }
  return out;
}

}  // namespace provider::local
