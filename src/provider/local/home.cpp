#include "provider/local/home.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/error.h"
#include "base/text.h"
#include "os/process.h"
#include "provider/local/place.h"
#include "provider/local/volume.h"

namespace provider::local {
namespace {

constexpr std::size_t longest_socket_bytes = 107;

void read_own_settings(Home& home) {
  const auto settings = read_settings(home.root);
  home.strict_checks = settings.value("strictChecks", false);
  const auto accounts = settings.value("accounts", base::Json::object());
  home.uids.first = accounts.value("firstUid", home.uids.first);
  home.uids.last = accounts.value("lastUid", home.uids.last);
  if (home.uids.first < 100 || home.uids.last < home.uids.first)
    throw base::Error("SettingsInvalid",
                      fmt::format("{}: accounts: firstUid {} and lastUid {} are no range of accounts",
                                  (home.root / "settings.json").string(), home.uids.first, home.uids.last));
}

/// The longest paths are those of sockets: of a server, and of one that is loaded with a dump for a snapshot.
void check_lengths(const Home& home) {
  const std::string id = "snap-" + std::string(18, 'x');
  const std::string longest = home.snapshot(id).string() + ".partial/socket";
  if (longest.size() <= longest_socket_bytes) return;
  throw base::Error(
      "PathTooLong",
      fmt::format(
          "the home folder {} is too long: sockets in it would have paths of {} bytes, {} is the limit",
          home.root.string(), longest.size(), longest_socket_bytes),
      "choose a shorter one with --home");
}

struct Setting {
  std::string_view name;
  base::Json::value_t type;
  bool required = false;
};
using Type = base::Json::value_t;
constexpr Setting settings_members[] = {{"strictChecks", Type::boolean},
                                        {"allowUnmasked", Type::string},
                                        {"accounts", Type::object},
                                        {"smtp", Type::object}};
constexpr Setting accounts_members[] = {{"firstUid", Type::number_unsigned},
                                        {"lastUid", Type::number_unsigned}};
constexpr Setting smtp_members[] = {{"url", Type::string, true},
                                    {"from", Type::string, true},
                                    {"to", Type::array, true},
                                    {"username", Type::string},
                                    {"passwordSecret", Type::string}};

/// What is wrong with the names and types of an object's members.
std::vector<std::string> problems_of(const base::Json& object, const std::string& within,
                                     std::span<const Setting> members) {
  if (!object.is_object()) return {"is not a JSON object"};
  std::vector<std::string> problems;
  std::vector<std::string_view> names;
  for (const auto& each : members) {
    names.push_back(each.name);
    const auto found = object.find(each.name);
    if (found == object.end() ? each.required : found->type() != each.type)
      problems.push_back(
          fmt::format("'{}{}' {}", within, each.name,
                      found == object.end() ? "is missing" : "has another type than it should"));
  }
  for (const auto& [name, value] : object.items())
    if (std::ranges::find(names, name) == names.end())
      problems.push_back(
          fmt::format("'{}{}' is no setting; there are {}", within, name, fmt::join(names, ", ")));
  return problems;
}

/// Adds what is wrong within a member that is an object.
void append(std::vector<std::string>& problems, const base::Json& settings, const std::string& member,
            std::span<const Setting> members) {
  if (!settings.contains(member) || !settings[member].is_object()) return;
  for (auto& each : problems_of(settings[member], member + ".", members)) problems.push_back(std::move(each));
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
  auto problems = problems_of(settings, "", settings_members);
  if (settings.is_object()) {
    append(problems, settings, "accounts", accounts_members);
    append(problems, settings, "smtp", smtp_members);
  }
  if (!problems.empty())
    throw base::Error("SettingsInvalid", fmt::format("{}: {}", file.string(), base::join(problems, "; ")),
                      "docs/home.md has all settings");
  return settings;
}

void Home::build(const os::fs::path& folder, const std::function<void(const os::fs::path& partial)>& fill,
                 const std::optional<os::Ids>& account) const {
  const os::fs::path partial = folder.string() + ".partial";
  const bool serves = folder.parent_path() == storage / "instances";
  const Accounts::Fresh owner = serves && !account
                                    ? accounts().make()
                                    : Accounts::Fresh{account.value_or(os::current_user()), std::nullopt};
  try {
    os::make_folder(partial, 0700, owner.ids);
    fill(partial);
    os::give_to(partial, owner.ids);
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

Home open_home(const os::fs::path& given, Opening opening) {
  std::error_code hidden;  // check_place() says so
  const auto plain = os::fs::absolute(given), real = os::fs::weakly_canonical(plain, hidden);
  const auto root = hidden ? plain : real;
  check_place(root, opening);
  Home home{.root = root};
  home.storage = storage_of(home.root);
  read_own_settings(home);
  check_lengths(home);
  if (opening == Opening::to_look) return home;
  if (!os::fs::exists(root)) os::make_folder(root, 0711);
  for (const char* folder : {"instances", "snapshots", "archive"})
    os::make_folder(home.storage / folder, 0711);
  for (const auto& folder : {home.buckets(), home.mailbox(), home.engines(), home.locks()})
    os::make_folder(folder, 0700);
  return home;
}

}  // namespace provider::local
