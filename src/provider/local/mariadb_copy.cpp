// Hot copies of a MariaDB server, and replicas made of them.
#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "os/addresses.h"
#include "os/freeze.h"
#include "os/port.h"
#include "provider/local/mariadb_binlog.h"
#include "provider/local/mariadb_rights.h"
#include "provider/local/mariadb_server.h"

namespace provider::local {
namespace {

using base::Error;

/// What mariadb-backup leaves in a prepared folder that a server has no use for.
constexpr const char* leftovers[] = {
    "backup-my.cnf",          "xtrabackup_checkpoints",     "xtrabackup_info",
    "mariadb_backup_info",    "mariadb_backup_checkpoints", "ib_buffer_pool",
    "xtrabackup_binlog_info", "mariadb_backup_binlog_info", "xtrabackup_slave_info"};

/// Every replica has an account of its own on its source, for this host alone: who comes from here to one of
/// our own addresses comes from that address.
std::string replication_user(const std::string& id) {
  return "replica_" + id;
}
std::string replication_account(sql::Connection& source, const std::string& id, const Listening& primary) {
  const auto to = near_address(primary);
  const bool from_loopback =
      os::is_loopback(to) && !os::is_ipv6(to);  // all of 127.0.0.0/8 is reached from one
  return mariadb_account(source, replication_user(id), from_loopback ? os::loopback : to);
}

/// What a copy must not have of its source: whom it replicates, what it has of that, what was in memory.
bool stays_behind(const os::fs::path& relative) {
  const std::string name = relative.filename();
  return name == "master.info" || name == "relay-log.info" || name == "multi-master.info" ||
         name == "ib_buffer_pool" || name.starts_with("relay.") ||
         name.find("relay-bin") != std::string::npos;
}

os::Command backup_command(const os::Ids& account, const CopySource& source, const os::fs::path& target) {
  auto command = client_command("mariadb-backup", source.administrator);
  command.argv.insert(command.argv.end(), {"--backup", "--parallel=2", "--target-dir=" + target.string(),
                                           "--datadir=" + source.data.string()});
  if (source.ours) command.user = account;
  return command;
}

/// mariadb-backup's `file<tab>offset<tab>gtid`; null if the source has no binary log.
base::Json position_in(const os::fs::path& folder) {
  for (const char* name : {"mariadb_backup_binlog_info", "xtrabackup_binlog_info"}) {
    if (!os::fs::exists(folder / name)) continue;
    const auto text = os::read_regular(folder / name);
    const auto fields = base::split_list(base::trim(text), '\t');
    if (fields.size() < 2) continue;
    return {{"file", fields[0]},
            {"offset", std::strtoull(fields[1].c_str(), nullptr, 10)},
            {"gtid", fields.size() > 2 ? std::string(base::trim(fields[2])) : ""}};
  }
  return nullptr;
}

}  // namespace

/// Copy on write. InnoDB writes pages and moves its checkpoint whatever locks are held, so locks alone give
/// copies that are silently wrong: the server stands still while its files are cloned, and the copy recovers
/// from that instant as from a crash. The backup stages keep DDL and non-transactional tables out of it.
Copied MariaDbServer::clone(sql::Connection& session, const CopySource& source, const os::fs::path& target,
                            const Budget& budget) const {
  constexpr auto longest_freeze = std::chrono::seconds(20);
  budget.tell({"cloning, copy on write"});
  for (const char* stage : {"START", "FLUSH", "BLOCK_DDL", "BLOCK_COMMIT"})
    session.execute(fmt::format("BACKUP STAGE {}", stage), 0);
  const base::Json position = position_of(session);
  const base::Time data_time = budget.clock.now();
  {
    os::Frozen frozen(*source.process, longest_freeze);
    frozen.wait_until_still(budget.clock, data_time + longest_freeze / 2);
    clone_tree(source.data, target, os::owner_of(target).value_or(os::current_user()), stays_behind);
    if (!frozen.thaw())
      throw Error("CloneFailed", fmt::format("cloning took longer than {} s", longest_freeze.count()));
  }
  const auto held = std::chrono::duration_cast<std::chrono::milliseconds>(budget.clock.now() - data_time);
  session.execute("BACKUP STAGE END", 0);
  return {data_time, fmt::format("copy on write; the source stood still for {} ms", held.count()), position};
}

Copied MariaDbServer::hot_copy(const CopySource& source, const os::fs::path& target,
                               const Budget& budget) const {
  if (source.data.empty()) return dump(source, target, budget);
  const auto total = os::tree_bytes(source.data);
  auto tell = [&] { budget.tell({"copying", std::min(os::tree_bytes(target), total), total}); };
  tell();
  const base::Time data_time = budget.clock.now();
  const auto account = copier(source);
  if (!source.ours)  // the tool runs as we do, and writes to nobody else's folder
    for (const auto& each : {target.parent_path(), target}) os::make_folder(each, 0700, os::current_user());
  os::run_or_throw(backup_command(account, source, target), budget.clock, budget.until, budget.stop, tell);
  const base::Json position = position_in(target);
  budget.tell({"preparing the copy"});
  os::give_to(target.parent_path(), account);
  os::run_or_throw(
      {.argv = {"mariadb-backup", "--no-defaults", "--prepare", "--target-dir=" + target.string()},
       .user = account},
      budget.clock, budget.until, budget.stop);
  for (const char* name : leftovers) os::remove_tree(target / name);
  return {data_time, "hot copy by mariadb-backup", position};
}

/// An .isl file or a symbolic link says where they are, and a copy of it says the same.
std::vector<std::string> MariaDbServer::outside_of_data(sql::Connection& source) const {
  std::vector<std::string> names;
  for (const auto& row : source
                             .query("SELECT name FROM information_schema.innodb_sys_tablespaces WHERE "
                                    "filename LIKE '/%' UNION SELECT "
                                    "CONCAT(table_schema, '/', table_name) FROM information_schema.tables "
                                    "WHERE table_type IN ('BASE TABLE', 'SYSTEM VERSIONED') AND table_schema "
                                    "NOT IN ('mysql', 'sys', "
                                    "'information_schema', 'performance_schema') AND create_options LIKE "
                                    "'%DIRECTORY=%' ORDER BY 1")
                             .table)
    names.push_back("table " + row[0].value_or(""));
  return names;
}

base::Json MariaDbServer::follow(const Server&) const {
  return true;
}

/// The account's password is in the replica's folder, which is nobody else's.
void MariaDbServer::begin_replication(const Server& primary, const Copied& copied) const {
  const base::Secret password(os::random_text(32));
  const auto source = primary.administrate();
  const std::string user = replication_user(id_);
  const std::string account = replication_account(*source, id_, listening_of(primary));
  source->execute(fmt::format("CREATE USER IF NOT EXISTS {}", account), 0);
  const auto replica = administrate();
  source->execute(fmt::format("ALTER USER {} IDENTIFIED VIA mysql_native_password USING '{}'", account,
                              source->password_hash(user, password)),
                  0);
  source->execute(fmt::format("GRANT REPLICATION SLAVE ON *.* TO {}", account), 0);
  replica->execute("STOP SLAVE", 0);
  replica->execute("RESET MASTER", 0);
  replica->execute(
      fmt::format(
          "SET GLOBAL gtid_slave_pos = {}",
          replica->quote(copied.position.is_null() ? "" : copied.position.at("gtid").get<std::string>())),
      0);
  replica->execute(
      fmt::format("CHANGE MASTER TO master_host = {}, master_port = {}, master_user = {}, "
                  "master_password = {}, master_use_gtid = slave_pos, master_connect_retry = 1, "
                  "master_ssl = {}, master_ssl_verify_server_cert = 0",  // it does not leave this host
                  replica->quote(near_address(listening_of(primary))), port_of(primary), replica->quote(user),
                  replica->quote(password.reveal()), listening_of(primary).tls == "off" ? 0 : 1),
      0);
  replica->execute("START SLAVE", 0);
}

void MariaDbServer::end_replication(const Server& primary) const {
  const auto source = primary.administrate();
  source->execute(
      fmt::format("DROP USER IF EXISTS {}", replication_account(*source, id_, listening_of(primary))), 0);
}

bool MariaDbServer::in_step_with(const Server& primary) const {
  const auto wanted = primary.administrate()->scalar("SELECT @@gtid_binlog_pos").value_or("");
  const auto replica = administrate();
  const auto running = replica->query(
      "SELECT COUNT(*) FROM information_schema.global_status WHERE variable_name IN ('Slave_running') AND "
      "variable_value = 'ON'");
  if (running.table.at(0).at(0) != "1") return false;
  return wanted.empty() ||
         replica->scalar(fmt::format("SELECT MASTER_GTID_WAIT({}, 0)", replica->quote(wanted))) == "0";
}

}  // namespace provider::local
