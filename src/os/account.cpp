#include "os/account.h"

#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vector>

namespace os {
namespace {

constexpr std::size_t enough_for_an_entry = 16U << 10U;

}  // namespace

std::optional<Ids> find_user(const std::string& name) {
  passwd entry{}, *found = nullptr;
  std::vector<char> text(enough_for_an_entry);
  if (::getpwnam_r(name.c_str(), &entry, text.data(), text.size(), &found) != 0 || found == nullptr)
    return std::nullopt;
  return Ids{entry.pw_uid, entry.pw_gid, name};
}

std::optional<Ids> find_user(unsigned uid) {
  passwd entry{}, *found = nullptr;
  std::vector<char> text(enough_for_an_entry);
  if (::getpwuid_r(uid, &entry, text.data(), text.size(), &found) != 0 || found == nullptr)
    return std::nullopt;
  return Ids{entry.pw_uid, entry.pw_gid, entry.pw_name};
}

std::optional<Ids> owner_of(const std::filesystem::path& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return std::nullopt;
  const auto known = find_user(info.st_uid);
  return Ids{info.st_uid, info.st_gid, known ? known->name : fmt::format("{}", info.st_uid)};
}

Ids current_user() {
  const auto known = find_user(::geteuid());
  return {::geteuid(), ::getegid(), known ? known->name : fmt::format("{}", ::geteuid())};
}

}  // namespace os
