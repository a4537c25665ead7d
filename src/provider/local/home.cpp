#include "provider/local/home.h"

#include <fmt/format.h>

#include "base/error.h"
#include "os/process.h"
#include "provider/local/volume.h"

namespace provider::local {
namespace {

constexpr const char* server_user_name = "dbrefresh";
constexpr std::size_t longest_socket_bytes = 107;

os::Ids choose_server_user() {
  const os::Ids us = os::current_user();
  if (us.uid != 0) return us;
  if (auto user = os::find_user(server_user_name)) return *user;
  throw base::Error("NoServerUser",
                    "database servers do not run as root, and there is no user 'dbrefresh' for them",
                    "useradd --system --no-create-home --shell /usr/sbin/nologin dbrefresh");
}

}  // namespace

os::fs::path default_home() {
  if (os::current_user().uid == 0) return "/var/lib/dbrefresh";
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state != '\0')
    return os::fs::path(state) / "dbrefresh";
  const char* home = std::getenv("HOME");
  return os::fs::path(home != nullptr ? home : "/tmp") / ".local/state/dbrefresh";
}

base::Json read_settings(const os::fs::path& root) {
  const auto file = root / "settings.json";
  if (!os::fs::exists(file)) return base::Json::object();
  auto settings = base::Json::parse(os::read_file(file), nullptr, false);
  if (!settings.is_object())
    throw base::Error("SettingsInvalid", fmt::format("{} is not a JSON object", file.string()));
  return settings;
}

void Home::build(const os::fs::path& folder,
                 const std::function<void(const os::fs::path& partial)>& fill) const {
  const os::fs::path partial = folder.string() + ".partial";
  try {
    os::make_folder(partial, 0700, server_user);
    fill(partial);
    os::sync_tree(partial);
    os::rename_tree(partial, folder);
  } catch (const std::exception&) {
    remove_unfinished(folder);
    throw;
  }
}

void Home::remove_unfinished(const os::fs::path& folder) {
  const os::fs::path partial = folder.string() + ".partial";
  os::kill_working_in(partial / "data", server_programs());
  os::remove_tree(partial);
}

const os::Programs& server_programs() {
  static const os::Programs programs = {"mariadbd", "postgres"};
  return programs;
}

const os::Programs& receiver_programs() {
  static const os::Programs programs = {"dash", "mariadb-binlog", "pg_receivewal", "sleep"};
  return programs;
}

Home open_home(const os::fs::path& root) {
  Home home{.root = os::fs::absolute(root).lexically_normal(), .server_user = choose_server_user()};
  home.storage = storage_of(home.root);
  home.strict_checks = read_settings(home.root).value("strictChecks", false);
  os::make_folder(home.root, 0711);
  const std::string longest = home.instance("db-123456789012345678") / ".s.PGSQL.65535";
  if (longest.size() > longest_socket_bytes) {
    throw base::Error(
        "PathTooLong",
        fmt::format(
            "the home folder {} is too long: sockets in it would have paths of {} bytes, {} is the limit",
            home.root.string(), longest.size(), longest_socket_bytes),
        "choose a shorter one with --home");
  }
  for (const char* folder : {"instances", "snapshots", "archive"})
    os::make_folder(home.storage / folder, 0711);
  for (const auto& folder : {home.buckets(), home.mailbox(), home.engines(), home.locks()})
    os::make_folder(folder, 0700);
  return home;
}

}  // namespace provider::local
