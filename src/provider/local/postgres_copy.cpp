// Hot copies of a PostgreSQL server, and replicas made of them.
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "provider/local/postgres_server.h"
#include "provider/local/postgres_wal.h"

namespace provider::local {
namespace {

using base::Error;

/// Folders whose contents a copy must not have (PostgreSQL manual, 26.3.3.2); pg_wal gets its own.
constexpr const char* emptied[] = {"pg_wal",    "pg_replslot",  "pg_stat_tmp", "pg_stat",    "pg_notify",
                                   "pg_serial", "pg_snapshots", "pg_subtrans", "pg_dynshmem"};

bool stays_behind(const os::fs::path& relative) {
  const std::string top = *relative.begin(), name = relative.filename();
  if (relative != os::fs::path(top) && std::ranges::find(emptied, top) != std::end(emptied)) return true;
  return name.starts_with("postmaster.") || name.starts_with("pgsql_tmp") || name == "pg_internal.init" ||
         name == "standby.signal" || name == "recovery.signal" || name == "backup_label" ||
         name == "backup_label.old" || name == "current_logfiles";
}

/// The number of a segment in its timeline: its name is timeline, log and segment, 8 hex digits each.
std::uint64_t segment_number(const std::string& name, std::uint64_t segments_per_log) {
  return std::stoull(name.substr(8, 8), nullptr, 16) * segments_per_log +
         std::stoull(name.substr(16), nullptr, 16);
}

/// The name of the segment after that one.
std::string after(const std::string& name, std::uint64_t segments_per_log) {
  const auto next = segment_number(name, segments_per_log) + 1;
  return fmt::format("{}{:08X}{:08X}", name.substr(0, 8), next / segments_per_log, next % segments_per_log);
}

/// The log from the backup's start to its end, whole; without it the copy would not recover.
void clone_wal(const os::fs::path& from, const os::fs::path& to, const os::Ids& owner,
               const std::string& first, const std::string& last, std::uint64_t segments_per_log) {
  os::make_folder(to / "archive_status", 0700, owner);
  std::uint64_t found = 0;
  for (const auto& entry : os::fs::directory_iterator(from)) {
    const std::string name = entry.path().filename();
    const bool needed = is_wal_segment(name) && name >= first && name <= last;
    if (!needed && !name.ends_with(".history")) continue;
    if (!os::reflink(entry.path(), to / name, owner))
      throw Error("CloneFailed", "a file cannot be cloned: " + entry.path().string());
    found += needed ? 1U : 0U;
  }
  const auto wanted = segment_number(last, segments_per_log) - segment_number(first, segments_per_log) + 1;
  if (found != wanted) {
    Error error("CloneFailed", fmt::format("the source has {} of the {} log segments from {} to {}", found,
                                           wanted, first, last));
    error.retryable = true;
    throw error;
  }
}

/// While this session lives, the source keeps its log: the checkpoint that a copy begins with would let it
/// throw away what a receiver has not yet. A temporary slot goes with its session, whatever becomes of us.
/// Nothing where the source has no slot to spare: the gap is seen then (has_log).
std::unique_ptr<sql::Connection> keep_log(const sql::Endpoint& source) {
  try {
    auto session = sql::connect(source, std::chrono::seconds(10));
    session->query(fmt::format("SELECT pg_create_physical_replication_slot('dbrefresh_{}', true, true)",
                               os::random_text(10)));
    return session;
  } catch (const Error&) {
    return nullptr;
  }
}

}  // namespace

/// Copy on write inside the backup API, in one session that stays open: what changes while the files are
/// cloned is repaired from the log. The source never stands still.
Copied PostgresServer::clone(sql::Connection& session, const CopySource& source, const os::fs::path& target,
                             const Budget& budget) const {
  budget.tell({"cloning, copy on write"});
  const std::string first =
      session.scalar("SELECT pg_walfile_name(pg_backup_start('dbrefresh', true))").value_or("");
  const auto owner = os::owner_of(target).value_or(os::current_user());
  clone_tree(source.data, target, owner, stays_behind);
  const base::Time data_time = budget.clock.now();
  const auto stopped =
      session.query("SELECT pg_walfile_name(lsn), labelfile FROM pg_backup_stop(false)").table.at(0);
  os::replace_file(target / "backup_label", stopped.at(1).value_or(""), 0600, owner);
  const auto last = stopped.at(0).value_or("");
  const auto segment_bytes = std::stoull(
      session.scalar("SELECT setting FROM pg_settings WHERE name = 'wal_segment_size'").value_or("16777216"));
  const auto segments_per_log = (1ULL << 32U) / segment_bytes;
  clone_wal(source.data / "pg_wal", target / "pg_wal", owner, first, last, segments_per_log);
  // Else recovery begins by writing a segment of zeros, which takes longer than all the rest of it.
  os::allocate(target / "pg_wal" / after(last, segments_per_log), segment_bytes, owner);
  return {data_time, "copy on write; the source never stood still", {}};
}

Copied PostgresServer::hot_copy(const CopySource& source, const os::fs::path& target,
                                const Budget& budget) const {
  const auto& login = source.administrator;
  const auto program = source.data.empty() || !source.ours ? postgres_program("pg_basebackup")
                                                           : postgres_program("pg_basebackup", source.data);
  os::Command command{.argv = {program.string(), "-D", target.string(), "-c", "fast", "-X", "stream",
                               "--no-sync", "--no-password", "-h",
                               login.socket.empty() ? login.host : login.socket, "-p",
                               std::to_string(login.port), "-U", login.user}};
  command.user = copier(source);
  const auto passwords = target.parent_path() / ".pgpass";
  use_password_file(command, login, passwords);
  const auto total =
      source.ours ? os::tree_bytes(source.data) : size_of(*sql::connect(login, std::chrono::seconds(10)));
  const auto kept = source.ours ? nullptr : keep_log(login);
  auto tell = [&] { budget.tell({"copying", std::min(os::tree_bytes(target), total), total}); };
  tell();
  const base::Time data_time = budget.clock.now();
  os::run_or_throw(command, budget.clock, budget.until, budget.stop, tell);
  os::remove_tree(passwords);
  return {data_time, "hot copy by pg_basebackup", {}};
}

std::vector<std::string> PostgresServer::outside_of_data(sql::Connection& source) const {
  std::vector<std::string> names;
  for (const auto& row : source
                             .query("SELECT spcname FROM pg_tablespace WHERE spcname NOT IN ('pg_default', "
                                    "'pg_global') ORDER BY 1")
                             .table)
    names.push_back("tablespace " + row[0].value_or(""));
  return names;
}

/// Over the primary's socket, where the operating system says that we are its administrator.
base::Json PostgresServer::follow(const Server& primary) const {
  return {{"primary", fmt::format("host={} port={} user={} application_name={}", primary.folder().string(),
                                  port_of(primary), administrator, id_)}};
}

void PostgresServer::begin_replication(const Server&, const Copied&) const {}
void PostgresServer::end_replication(const Server&) const {}

bool PostgresServer::in_step_with(const Server& primary) const {
  const auto wanted = primary.administrate()->scalar("SELECT pg_current_wal_flush_lsn()").value_or("0/0");
  return administrate()->scalar(
             fmt::format("SELECT pg_last_wal_replay_lsn() >= '{}'::pg_lsn AND EXISTS (SELECT 1 FROM "
                         "pg_stat_wal_receiver WHERE status = 'streaming')",
                         wanted)) == "t";
}

}  // namespace provider::local
