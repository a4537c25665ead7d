#include "provider/local/copy.h"

#include <fmt/format.h>

#include "base/error.h"
#include "os/freeze.h"

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

void clone_tree(const os::fs::path& from, const os::fs::path& to) {
  os::fs::create_directories(to);
  for (const auto& entry : os::fs::directory_iterator(from)) {
    const auto target = to / entry.path().filename();
    if (entry.is_directory())
      clone_tree(entry.path(), target);
    else if (entry.is_regular_file() && !os::reflink(entry.path(), target))
      throw base::Error("CloneFailed", "a file cannot be cloned: " + entry.path().string());
  }
}

/// Copy on write. InnoDB writes pages and moves its checkpoint whatever locks are held, so locks alone give
/// copies that are silently wrong: the server stands still while its files are cloned, and the copy recovers
/// from that instant as from a crash. The backup stages keep DDL and non-transactional tables out of it.
Copied clone_frozen(const Home& home, const CopySource& source, const os::fs::path& target,
                    const Waiting& waiting) {
  constexpr auto longest_freeze = std::chrono::seconds(20);
  waiting.progress({{"what", "cloning, copy on write"}});
  const auto session = sql::connect(source.administrator, std::chrono::seconds(10));
  for (const char* stage : {"START", "FLUSH", "BLOCK_DDL", "BLOCK_COMMIT"})
    session->execute(fmt::format("BACKUP STAGE {}", stage), 0);
  const base::Time data_time = waiting.clock.now();
  {
    os::Frozen frozen(*source.process, longest_freeze);
    frozen.wait_until_still(waiting.clock, data_time + longest_freeze / 2);
    clone_tree(source.data, target);
    if (!frozen.thaw())
      throw base::Error("CloneFailed", fmt::format("cloning took longer than {} s", longest_freeze.count()));
  }
  const auto held = std::chrono::duration_cast<std::chrono::milliseconds>(waiting.clock.now() - data_time);
  session->execute("BACKUP STAGE END", 0);
  os::give_to(target, home.server_user);
  os::remove_tree(target / "ib_buffer_pool");
  return {data_time, fmt::format("copy on write; the source stood still for {} ms", held.count())};
}

}  // namespace

Copied copy_mariadb(const Home& home, const CopySource& source, const os::fs::path& target,
                    const Waiting& waiting) {
  os::make_folder(target, 0700, home.server_user);
  if (source.process && os::same_file_system(source.data, target) && os::can_reflink(target))
    return clone_frozen(home, source, target, waiting);
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
  return {data_time, "hot copy by mariadb-backup"};
}

}  // namespace provider::local
