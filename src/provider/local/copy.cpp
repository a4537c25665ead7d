#include "provider/local/copy.h"

#include <fmt/format.h>

#include "base/error.h"
#include "os/process.h"

namespace provider::local {
namespace {

/// What mariadb-backup leaves in a prepared folder that a server has no use for.
constexpr const char* leftovers[] = {
    "backup-my.cnf",          "xtrabackup_checkpoints",     "xtrabackup_info",
    "mariadb_backup_info",    "mariadb_backup_checkpoints", "ib_buffer_pool",
    "xtrabackup_binlog_info", "mariadb_backup_binlog_info", "xtrabackup_slave_info"};

os::Command backup_command(const Home& home, const CopySource& source, const os::fs::path& target) {
  const auto& login = source.administrator;
  os::Command command{.argv = {"mariadb-backup", "--no-defaults", "--backup", "--parallel=2",
                               "--target-dir=" + target.string(), "--datadir=" + source.data.string(),
                               "--user=" + (source.ours ? home.server_user.name : login.user)}};
  if (source.ours) command.user = home.server_user;
  if (!login.socket.empty()) {
    command.argv.push_back("--socket=" + login.socket);
  } else {
    command.argv.push_back("--host=" + login.host);
    command.argv.push_back(fmt::format("--port={}", login.port));
  }
  if (!source.ours && !login.password.empty())
    command.environment.push_back("MYSQL_PWD=" + login.password.reveal());
  return command;
}

}  // namespace

Copied copy_mariadb(const Home& home, const CopySource& source, const os::fs::path& target,
                    const Waiting& waiting) {
  os::make_folder(target, 0700, home.server_user);
  const auto total = os::tree_bytes(source.data);
  auto tell = [&] {
    waiting.progress(
        {{"doneBytes", std::min(os::tree_bytes(target), total)}, {"totalBytes", total}, {"what", "copying"}});
  };
  tell();
  os::run_or_throw(backup_command(home, source, target), waiting.clock, waiting.deadline, waiting.stop, tell);
  const base::Time data_time = waiting.clock.now();
  waiting.progress({{"what", "preparing the copy"}});
  os::give_to(target, home.server_user);
  os::run_or_throw(
      {.argv = {"mariadb-backup", "--no-defaults", "--prepare", "--target-dir=" + target.string()},
       .user = home.server_user},
      waiting.clock, waiting.deadline, waiting.stop);
  for (const char* name : leftovers) os::remove_tree(target / name);
  return {data_time, "hot copy (mariadb-backup)"};
}

}  // namespace provider::local
