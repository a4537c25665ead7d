#include "os/service_account.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <memory>

#include "base/error.h"
#include "base/text.h"
#include "os/process.h"

namespace os {
namespace {

using base::Error;

constexpr const char* lock_file = "/run/dbrefresh-accounts.lock";
constexpr auto patience = std::chrono::seconds(60);
constexpr int uid_taken = 4;  // exit codes of useradd(8), userdel(8)
// By an administrator's own command, or by one of ours whose caller was killed.
constexpr int passwd_locked = 1, group_locked = 10;
constexpr int no_such_user = 6;

/// The tools fail at once where their files are locked: ours wait for each other, and try again for others'.
Finished run_tool(const std::vector<std::string>& argv) {
  const auto held = FileLock::try_lock(lock_file, patience);
  if (!held) throw Error("NoAccount", fmt::format("'{}' waits for another one in vain", argv[0]));
  base::SystemClock clock;
  const auto deadline = clock.now() + patience;
  while (true) {
    auto finished = run({.argv = argv}, clock, deadline, {});
    const bool locked = finished.exit_code == passwd_locked || finished.exit_code == group_locked;
    if (!locked || clock.now() >= deadline) return finished;
    clock.sleep_until(clock.now() + std::chrono::milliseconds(100), {});
  }
}

[[noreturn]] void refuse_account(const char* doing, const std::string& name, const Finished& finished) {
  throw Error("NoAccount", fmt::format("{} the account {}: {}", doing, name, base::trim(finished.output)),
              "as root every database server gets an account of its own; /etc/passwd must be writable");
}

/// As the account itself, to which the kernel then allows no other one's processes. Only async-signal-safe
/// calls.
[[noreturn]] void kill_all_of(const Ids& account) {
  const gid_t group = account.gid;
  if (account.uid == 0 || ::setgroups(1, &group) != 0 || ::setgid(group) != 0 || ::setuid(account.uid) != 0 ||
      ::getuid() != account.uid || ::geteuid() != account.uid)
    ::_exit(1);
  ::kill(-1, SIGKILL);
  ::_exit(0);
}

}  // namespace

Ids make_account(const std::string& name, const std::filesystem::path& home, const UidRange& range) {
  const unsigned count = range.last - range.first + 1;
  // From a random one on: a number is not used again soon after its account was removed.
  const auto from = static_cast<unsigned>(random_seed() % count);
  for (unsigned i = 0; i < count; ++i) {
    const unsigned uid = range.first + (from + i) % count;
    if (find_user(uid)) continue;
    const auto finished =
        run_tool({"useradd", "--system", "--no-create-home", "--user-group", "--uid", std::to_string(uid),
                  "--key", fmt::format("SYS_GID_MIN={}", range.first), "--key",
                  fmt::format("SYS_GID_MAX={}", range.last), "--home-dir", home.string(), "--shell",
                  "/usr/sbin/nologin", "--comment", "a database server of dbrefresh", name});
    if (finished.exit_code == uid_taken) continue;
    const auto made = find_user(name);
    if (finished.exit_code != 0 || !made) refuse_account("making", name, finished);
    return *made;
  }
  throw Error("NoAccount", fmt::format("all numbers from {} to {} have accounts", range.first, range.last),
              "settings.json: \"accounts\": {\"firstUid\": …, \"lastUid\": …}");
}

void remove_account(const Ids& account) {
  const pid_t killer = ::fork();
  if (killer == 0) kill_all_of(account);
  if (killer > 0) ::waitpid(killer, nullptr, 0);
  const auto finished = run_tool({"userdel", "--force", account.name});
  if (finished.exit_code != 0 && finished.exit_code != no_such_user)
    refuse_account("removing", account.name, finished);
}

std::vector<Ids> accounts_of(const std::string& prefix, const std::filesystem::path& home) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(::fopen("/etc/passwd", "re"), ::fclose);
  std::vector<Ids> all;
  std::vector<char> text(16U << 10U);
  passwd entry{}, *found = nullptr;
  while (file && ::fgetpwent_r(file.get(), &entry, text.data(), text.size(), &found) == 0)
    if (std::string_view(entry.pw_name).starts_with(prefix) &&
        (std::string(entry.pw_dir) + "/").starts_with(home.string() + "/"))
      all.push_back({entry.pw_uid, entry.pw_gid, entry.pw_name});
  return all;
}

}  // namespace os
