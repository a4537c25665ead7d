#include "provider/local/place.h"

#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include <algorithm>
#include <cctype>

#include "base/error.h"

namespace provider::local {
namespace {

using base::Error;

constexpr const char* databases_of_ours[] = {"catalogue.db", "journal.db"};
/// What may lie in a folder before it is one: what people put there themselves, and what we make first.
constexpr const char* names_of_ours[] = {
    "settings.json", "buckets", "volume", "volume.img",  "instances",  "snapshots", "archive",   "mail",
    "progress",      "engines", "locks",  "secrets.key", "secrets.db", "ledger.db", "lost+found"};

/// By its databases, or by the folders that open_home() makes.
bool is_home(const os::fs::path& root) {
  if (os::fs::is_directory(root / "locks") && os::fs::is_directory(root / "engines")) return true;
  return std::ranges::any_of(databases_of_ours,
                             [&](const char* name) { return os::fs::exists(root / name); });
}

/// The first thing in it that is not ours; "" if there is none.
std::string stranger_in(const os::fs::path& root) {
  for (const auto& entry : os::fs::directory_iterator(root)) {
    const std::string name = entry.path().filename();
    const auto is_its = [&](const char* ours) {
      return name == ours || name.starts_with(std::string(ours) + "-") ||
             name == std::string(ours) + ".partial";
    };
    if (std::ranges::none_of(names_of_ours, is_its) && std::ranges::none_of(databases_of_ours, is_its))
      return name;
  }
  return {};
}

/// Paths stand in configuration files and command lines of two families of servers.
void check_characters(const os::fs::path& root) {
  for (const char c : root.string()) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || byte >= 0x80 ||
        std::string_view("/._-+=@~:").find(c) != std::string_view::npos)
      continue;
    throw Error(
        "BadHome",
        fmt::format("the home folder {} has a {} in its name, which the servers' configuration cannot hold",
                    root.string(), byte <= ' ' ? "blank" : std::string("'") + c + "'"),
        "choose another one with --home");
  }
}

/// SQLite's write-ahead log and flock(2) want a local file system.
void check_file_system(const os::fs::path& there) {
  constexpr std::uint32_t cifs = 0xFF534D42, smb2 = 0xFE534D42;  // fs/smb/client/cifsglob.h
  struct statfs info {};
  if (::statfs(there.c_str(), &info) != 0) return;
  const auto type = static_cast<std::uint32_t>(info.f_type);
  for (const std::uint32_t remote : {std::uint32_t{NFS_SUPER_MAGIC}, std::uint32_t{SMB_SUPER_MAGIC},
                                     std::uint32_t{AFS_SUPER_MAGIC}, cifs, smb2})
    if (type == remote)
      throw Error("BadHome", fmt::format("{} is on a network file system", there.string()),
                  "locks and databases need a local one; choose another folder with --home");
}

void check_owner(const os::fs::path& root) {
  struct stat info {};
  if (::stat(root.c_str(), &info) != 0) return;
  const os::Ids us = os::current_user();
  if (info.st_uid != us.uid)
    throw Error("BadHome",
                fmt::format("the home folder {} belongs to {}, and you are {}", root.string(),
                            os::owner_of(root)->name, us.name),
                "run as its owner, or choose another one with --home");
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    throw Error("BadHome", fmt::format("others may write to the home folder {}", root.string()),
                "chmod go-w, if nobody did; else choose another one with --home");
}

}  // namespace

void check_reachable(const os::fs::path& root) {
  if (os::current_user().uid != 0) return;
  for (os::fs::path at = root; !at.empty(); at = at.parent_path()) {
    struct stat info {};
    if (::stat(at.c_str(), &info) == 0 && (info.st_mode & S_IXOTH) == 0)
      throw Error(
          "BadHome",
          fmt::format("the accounts of database servers cannot get into {}: nobody but its owner may pass {}",
                      root.string(), at.string()),
          fmt::format("chmod o+x {}", at.string()));
    if (at == at.root_path()) return;
  }
}

void check_place(const os::fs::path& root, Opening opening) {
  std::error_code hidden;
  const bool there = os::fs::exists(root, hidden);
  if (hidden)
    throw Error("BadHome",
                fmt::format("the home folder {} cannot be looked at: {}", root.string(), hidden.message()),
                "run as its owner, or choose another one with --home");
  if (there && !os::fs::is_directory(root))
    throw Error("NotAHome", fmt::format("{} is no folder", root.string()), "choose another one with --home");
  if (there) check_owner(root);
  const bool home = there && is_home(root);
  if (!home && opening != Opening::to_work)
    throw Error("NotAHome", fmt::format("there is nothing of dbrefresh in {}", root.string()),
                "is --home right? local create makes a home");
  if (home && opening == Opening::to_look) return;
  if (const auto stranger = home || !there ? "" : stranger_in(root); !stranger.empty())
    throw Error("NotAHome",
                fmt::format("{} is no home of dbrefresh: there is '{}' in it", root.string(), stranger),
                "give an empty folder, or one that is not there yet, with --home");
  check_characters(root);
  os::fs::path existing = root;
  while (!os::fs::exists(existing)) existing = existing.parent_path();
  check_file_system(existing);
}

}  // namespace provider::local
