// Restores of a PostgreSQL copy to a point in time.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "provider/local/postgres_server.h"
#include "provider/local/postgres_wal.h"

namespace provider::local {
namespace {

using base::Error;
using namespace std::chrono_literals;

constexpr std::string_view partial = ".partial";  ///< what pg_receivewal calls a segment that is not full yet

/// The segments of a folder from `first` on, whole or not.
std::set<std::string> segments(const os::fs::path& folder, const std::string& first) {
  std::set<std::string> names;
  std::error_code error;
  for (os::fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::string name = at->path().filename();
    if (name.ends_with(partial)) name.resize(name.size() - partial.size());
    if (is_wal_segment(name) && name >= first) names.insert(name);
  }
  return names;
}

/// A copy of what there is of the log now. The segment that is being written may be torn at its end: replay
/// stops there, behind everything that was committed before the copy.
void gather(const LogSource& log, const std::string& first, const os::fs::path& to) {
  auto take = [&](const os::fs::path& from) {
    try {
      os::copy_file(from, to / from.filename());
    } catch (const Error& error) {
      if (error.code != "FileNotFound") throw;  // a segment that was recycled is in the archive
    }
  };
  for (const auto& name : segments(log.data / "pg_wal", first)) take(log.data / "pg_wal" / name);
  for (const auto& name : segments(log.archive, first)) {
    take(log.archive / name);  // whole ones win
    take(log.archive / (name + std::string(partial)));
  }
  for (const auto& folder : {log.data / "pg_wal", log.archive}) {
    std::error_code error;
    for (os::fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
      if (at->path().extension() == ".history") take(at->path());
  }
}

os::Command receive_command(const sql::Endpoint& source) {
  return {.argv = {postgres_program("pg_receivewal").string(), "--no-password", "-h",
                   source.socket.empty() ? source.host : source.socket, "-p", std::to_string(source.port),
                   "-U", source.user}};
}

/// A segment that is not full yet, and is the last: replay ends in it.
void take_last_for_whole(const os::fs::path& folder) {
  for (const auto& name : segments(folder, "")) {
    const auto unfinished = folder / (name + std::string(partial));
    if (!os::fs::exists(unfinished)) continue;
    if (os::fs::exists(folder / name))
      os::remove_tree(unfinished);
    else
      os::fs::rename(unfinished, folder / name);
  }
}

}  // namespace

/// It reads its password anew whenever it connects: one that was changed reaches it with the next call.
/// Without a slot: a slot that nobody reads fills the disk of the source. What the source has thrown away by
/// then is a gap, which has_log() sees.
os::Command PostgresServer::receiver(const sql::Endpoint& source) const {
  auto command = receive_command(source);
  command.argv.insert(command.argv.end(), {"-D", "."});
  use_password_file(command, source, home_.archive(id_) / receiver_password);
  return command;
}

/// Fetches what the source has written until now. Its program begins with what `to` lacks, and does not end
/// at the very position where the source stands still: hence the byte before it.
void PostgresServer::fetch_rest(const sql::Endpoint& source, const os::fs::path& to,
                                const Budget& budget) const {
  const auto end = sql::connect(source, 10s)
                       ->query(
                           "SELECT pg_walfile_name(lsn), lsn FROM (SELECT pg_current_wal_flush_lsn() - 1 "
                           "AS lsn) AS here")
                       .table.at(0);
  if (os::fs::exists(to / end.at(0).value_or(""))) return;
  auto command = receive_command(source);
  command.argv.insert(command.argv.end(),
                      {"-D", to.string(), "--no-loop", "--endpos=" + end.at(1).value_or("")});
  command.user = account();
  const auto passwords = folder() / ".pgpass";
  use_password_file(command, source, passwords);
  os::run_or_throw(command, budget.clock, budget.until, budget.stop);
  os::remove_tree(passwords);
}

bool is_wal_segment(const std::string& name) {
  return name.size() == 24 && name.find_first_not_of("0123456789ABCDEF") == std::string::npos;
}

std::string first_segment_of(const os::fs::path& data) {
  if (!os::fs::exists(data / "backup_label")) return {};
  const std::string label = os::read_regular(data / "backup_label");
  const auto at = label.find("(file ");
  return at == std::string::npos ? "" : label.substr(at + 6, 24);
}

/// Neighbours differ by one in their last 8 digits, or begin at 0 again in the next log.
bool PostgresServer::has_log(const LogSource& log) const {
  const std::string first = first_segment_of(log.base);
  if (first.empty()) return false;
  auto names = segments(log.data / "pg_wal", first);
  names.merge(segments(log.archive, first));
  if (!names.contains(first)) return false;
  auto part = [](const std::string& name, std::size_t at) {
    return std::stoull(name.substr(at, 8), nullptr, 16);
  };
  for (auto at = names.begin(), after = std::next(at); after != names.end(); ++at, ++after) {
    const bool next = part(*after, 16) == part(*at, 16) + 1;
    const bool wrapped = part(*after, 16) == 0 && part(*after, 8) == part(*at, 8) + 1;
    if (at->substr(0, 8) == after->substr(0, 8) && !next && !wrapped) return false;
  }
  return true;
}

void PostgresServer::drop_log_before(const LogSource& log) const {
  const std::string first = first_segment_of(log.base);
  for (const auto& name : segments(log.archive, ""))
    if (name < first) os::remove_tree(log.archive / name);
}

std::unique_ptr<sql::Connection> PostgresServer::replay_to(const std::string& target,
                                                           const std::string& superuser,
                                                           const base::Json& settings,
                                                           const Budget& budget) const {
  configure(false, settings);
  if (!superuser.empty()) write_access(false, superuser);
  std::string text = os::read_regular(settings_file());
  text += fmt::format(
      "restore_command = 'ln -f \"{}/%f\" \"%p\"'\nrecovery_target_timeline = "
      "'latest'\nrecovery_target_action = 'promote'\nhot_standby = off\n",
      (folder() / "wal").string());
  if (!target.empty()) text += fmt::format("recovery_target_time = '{}'\n", target);
  write_own(settings_file(), text);
  write_own(data() / "recovery.signal", "");
  return start_as(superuser.empty() ? std::vector<std::string>{administrator}
                                    : std::vector<std::string>{superuser, administrator},
                  budget);
}

void PostgresServer::start_replaying(const LogSource& log, base::Time until, const base::Json& settings,
                                     const Budget& budget) const {
  const auto wal = folder() / "wal";
  os::make_folder(wal, 0700, account());
  gather(log, first_segment_of(data()), wal);
  os::give_to(wal, account());
  if (log.origin) fetch_rest(*log.origin, wal, budget);
  take_last_for_whole(wal);
  budget.tell({"replaying the log"});
  std::unique_ptr<sql::Connection> session;
  try {
    session = replay_to(base::ledger_utc(until) + "+00", log.superuser, settings, budget);
  } catch (const Error& error) {
    // Nothing was committed after that time: the end of the log is the state that was asked for.
    if (error.code != "ServerFailed" || error.message.find("recovery ended before") == std::string::npos)
      throw;
    session = replay_to("", log.superuser, settings, budget);
  }
  take_over(std::move(session), log.superuser);
  os::remove_tree(wal);
  configure(false, settings);  // without the settings of the recovery
}

}  // namespace provider::local
