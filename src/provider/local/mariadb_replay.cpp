// Restores of a MariaDB copy to a point in time.
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "provider/local/mariadb_binlog.h"
#include "provider/local/mariadb_server.h"

namespace provider::local {
namespace {

using base::Error;

/// Where the log that was put in place ends.
struct Relay {
  std::string last_file;
  std::uint64_t end = 0;
};

/// Is this still the log that the backup ends in, of which this is the first file?
bool is_log_of(const base::Json& base_position, const os::fs::path& first) {
  return is_position_of(first, base_position.at("offset"), base_position.value("gtid", ""));
}

/// The source's binary log becomes the copy's relay log: a slave's SQL thread applies it several times as
/// fast as a client could. Cut where it is to end: a relay log has no other way to stop at its very end.
Relay lay_out(const LogSource& log, const os::fs::path& data, base::Time until) {
  Relay relay;
  std::string index;
  auto offset = log.base_position.at("offset").get<std::uint64_t>();
  int number = 0;
  const auto files = binlog_files(log.data, log.base_position.at("file"));
  if (files.empty() || !is_log_of(log.base_position, files.front()))
    throw Error(
        "LogBegunAnew", "the log is no longer the one that the backup was made with",
        "RESET MASTER begins it anew; what lies between cannot be restored, dbrefresh local backup makes "
        "a backup to begin with");
  for (const auto& file : files) {
    relay.last_file = fmt::format("relay.{:06}", ++number);
    const auto to = data / relay.last_file;
    os::copy_file(file, to);
    const auto end = find_binlog_end(to, offset, until);
    relay.end = end.offset;
    index += "./" + relay.last_file + "\n";
    os::fs::resize_file(to, end.offset);
    if (end.reached) break;
    offset = 4;
  }
  os::write_file_atomic(data / "relay.index", index, 0600);
  return relay;
}

/// mariadb-binlog says why it ends with 1, and of other ends nothing: the last line is why the log stands
/// still.
constexpr const char* keep_receiving = R"(
first=$1
shift
while :; do
  last=$(ls | grep -E '[.][0-9]{6,}$' | sort -V | tail -n 1)
  "$@" "${last:-$first}"
  code=$?
  [ $code = 1 ] || echo "error: mariadb-binlog has ended, exit code $code" >&2
  sleep 2
done)";

os::Command receiving(os::Command command) {
  command.argv.insert(command.argv.end(), {"--read-from-remote-server", "--raw"});
  return command;
}

/// Of the first row; columns go by their names, for their number differs from version to version.
std::string value_of(const sql::Result& answer, std::string_view column) {
  const auto at = std::ranges::find(answer.columns, column);
  if (at == answer.columns.end() || answer.table.empty())
    throw Error("UnexpectedAnswer", fmt::format("the server does not say its {}", column));
  return answer.table[0].at(static_cast<std::size_t>(at - answer.columns.begin())).value_or("");
}

}  // namespace

/// mariadb-binlog ends when it loses its source, and is begun again with the newest file, which may have
/// grown.
os::Command MariaDbServer::receiver(const sql::Endpoint& source) const {
  auto command =
      receiving(lasting_client_command("mariadb-binlog", source, home_.archive(id_) / receiver_options));
  const auto first = position_of(*sql::connect(source, std::chrono::seconds(10)));
  if (first.is_null())
    throw Error("NoBinaryLog", fmt::format("the server at {}:{} has no binary log", source.host, source.port),
                "set log_bin there, or adopt it with --retention-days 0");
  command.argv.emplace_back("--stop-never");
  command.argv.insert(command.argv.begin(),
                      {"dash", "-c", keep_receiving, "receiver", first.at("file").get<std::string>()});
  return command;
}

/// A copy of what there is of the log of a server that is not ours, up to this moment; a folder of binary
/// logs.
os::fs::path MariaDbServer::fetch_log(const LogSource& log, const Budget& budget) const {
  const auto folder = this->folder() / "log";
  os::make_folder(folder, 0700, account());
  os::fs::path last;
  for (const auto& file : binlog_files(log.data, log.base_position.at("file"))) {
    last = folder / file.filename();
    os::copy_file(file, last);
  }
  os::give_to(folder, account());
  auto command = receiving(client_command("mariadb-binlog", *log.origin));
  command.argv.insert(command.argv.end(),
                      {"--to-last-log", "--result-file=" + folder.string() + "/", last.filename().string()});
  command.user = account();
  os::run_or_throw(command, budget.clock, budget.until, budget.stop);
  return folder;
}

bool MariaDbServer::has_log(const LogSource& log) const {
  if (!log.base_position.is_object()) return false;
  const auto files = binlog_files(log.data, log.base_position.at("file"));
  if (files.empty()) return false;
  // What is received of a log may end before its base for a moment; whoever replays it looks again.
  std::error_code gone;
  const bool on_its_way =
      log.data == log.archive && os::fs::file_size(files.front(), gone) < log.base_position.at("offset");
  return on_its_way || is_log_of(log.base_position, files.front());
}

void MariaDbServer::drop_log_before(const LogSource& log) const {
  if (!has_log(log)) return;
  if (log.data == log.archive) {
    for (const auto& entry : os::fs::directory_iterator(log.archive))
      if (is_binlog_before(entry.path(), log.base_position.at("file"))) os::remove_tree(entry.path());
    return;
  }
  if (!process()) return;
  const auto session = administrate();
  session->execute(
      fmt::format("PURGE BINARY LOGS TO {}", session->quote(log.base_position.at("file").get<std::string>())),
      0);
}

void MariaDbServer::start_replaying(const LogSource& log, base::Time until, const base::Json& settings,
                                    const Budget& budget) const {
  LogSource complete = log;
  if (log.origin) complete.data = fetch_log(log, budget);
  const Relay relay = lay_out(complete, data(), until);
  if (log.origin) os::remove_tree(complete.data);
  os::give_to(data(), account());
  auto replaying = settings;
  replaying["server"]["skip_name_resolve"] = "OFF";  // else grants to hosts by name cannot be replayed
  configure(false, replaying);
  start_first("", budget);
  budget.tell({"replaying the log"});
  const auto session = administrate();
  session->execute(
      fmt::format(
          "CHANGE MASTER TO master_host = 'none', relay_log_file = 'relay.000001', relay_log_pos = {}, "
          "master_use_gtid = no",
          log.base_position.at("offset").get<std::uint64_t>()),
      0);
  session->execute("START SLAVE SQL_THREAD", 0);
  while (true) {
    const auto status = session->query("SHOW SLAVE STATUS");
    const auto file = value_of(status, "Relay_Log_File"), at = value_of(status, "Relay_Log_Pos");
    if (value_of(status, "Slave_SQL_Running") != "Yes")  // Last_Error may quote a row
      throw Error("ReplayFailed",
                  fmt::format("the log of {} could not be replayed: error {} at {} of file {} of its log",
                              id_, value_of(status, "Last_SQL_Errno"), at, file));
    // At the end it goes on to a file of its own.
    const bool behind = file > relay.last_file;
    if (behind || (file == relay.last_file && std::strtoull(at.c_str(), nullptr, 10) >= relay.end)) break;
    if (budget.clock.now() >= budget.until)
      throw Error("DeadlineExceeded", fmt::format("the log of {} was not replayed in time", id_));
    if (!budget.clock.sleep_until(budget.clock.now() + std::chrono::milliseconds(20), budget.stop))
      throw Error("Interrupted", "stopped while a log was being replayed");
  }
  session->execute("STOP SLAVE", 0);
  session->execute("RESET SLAVE ALL", 0);
}

}  // namespace provider::local
