#include "os/trees.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "os/descriptor.h"

namespace os {
namespace {

/// The folder, which may be searched only; made if it is not there.
Fd open_or_make(const fs::path& path, unsigned mode) {
  if (Fd there = open_straight(path, O_PATH | O_DIRECTORY)) return there;
  if (errno != ENOENT) fail("opening", path, errno);
  const fs::path plain = path.has_filename() ? path : path.parent_path();
  const Fd parent =
      plain.has_parent_path() ? open_or_make(plain.parent_path(), 0777) : open_straight(".", O_PATH);
  if (::mkdirat(parent.get(), name_of(plain).c_str(), mode) != 0 && errno != EEXIST)
    fail("creating", path, errno);
  Fd made = open_in(parent, name_of(plain), O_PATH | O_DIRECTORY);
  if (!made) fail("creating", path, errno);
  return made;
}

bool is_folder(const struct stat& info) {
  return S_ISDIR(info.st_mode);
}

/// Looks at what it gives away through the descriptor by which it gives it away.
void give(const Fd& folder, const std::string& name, const Ids& owner, const fs::path& path) {
  const Fd it = open_in(folder, name, O_PATH);
  struct stat info {};
  if (!it || ::fstat(it.get(), &info) != 0) fail("changing the owner of", path, errno);
  if (!is_folder(info) && info.st_nlink > 1) fail("changing the owner of", path, EMLINK);
  if ((info.st_uid != owner.uid || info.st_gid != owner.gid) &&
      ::fchownat(it.get(), "", owner.uid, owner.gid, AT_EMPTY_PATH) != 0)
    fail("changing the owner of", path, errno);
  if (!is_folder(info)) return;
  for (const auto& each : names_in(it)) give(it, each, owner, path / each);
}

/// As root: nobody else makes anything in it from now on, not even by a descriptor that he has.
void take_over(const Fd& folder, const fs::path& path) {
  if (::geteuid() == 0 && (::fchown(folder.get(), 0, 0) != 0 || ::fchmod(folder.get(), 0700) != 0))
    fail("taking over", path, errno);
}

void remove(const Fd& folder, const std::string& name, const fs::path& path) {
  constexpr int tries = 5;  // something that ends just now may make files of its own meanwhile
  if (::unlinkat(folder.get(), name.c_str(), 0) == 0 || errno == ENOENT) return;
  if (errno != EISDIR && errno != EPERM) fail("removing", path, errno);
  for (int i = 0; i < tries; ++i) {
    {
      const Fd inside = open_in(folder, name, O_RDONLY | O_DIRECTORY);
      if (!inside) break;
      if (i > 0) take_over(inside, path);
      for (const auto& each : names_in(inside)) remove(inside, each, path / each);
    }
    if (::unlinkat(folder.get(), name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return;
    if (errno != ENOTEMPTY && errno != EEXIST) break;
  }
  if (errno != ENOENT) fail("removing", path, errno);
}

void sync_folder_of(const fs::path& path) {
  const Fd parent = open_parent(path, O_RDONLY);
  if (!parent || ::fsync(parent.get()) != 0) fail("syncing the folder of", path, errno);
}

}  // namespace

void make_folder(const fs::path& path, unsigned mode, const std::optional<Ids>& owner) {
  const Fd searched = open_or_make(path, mode);
  struct stat info {};
  if (::fstat(searched.get(), &info) != 0) fail("creating", path, errno);
  const bool other_mode = (info.st_mode & 07777U) != mode;
  const bool other_owner =
      owner && ::geteuid() == 0 && (info.st_uid != owner->uid || info.st_gid != owner->gid);
  if (!other_mode && !other_owner) return;
  const Fd folder = open_in(searched, ".", O_RDONLY | O_DIRECTORY);
  if (!folder) fail("opening", path, errno);
  if (other_mode && ::fchmod(folder.get(), mode) != 0) fail("changing the mode of", path, errno);
  if (other_owner && ::fchown(folder.get(), owner->uid, owner->gid) != 0)
    fail("changing the owner of", path, errno);
}

void give_to(const fs::path& path, const Ids& owner) {
  if (::geteuid() != 0) return;
  const Fd parent = open_parent(path);
  if (!parent) fail("changing the owner of", path, errno);
  give(parent, name_of(path), owner, path);
}

void remove_tree(const fs::path& path) {
  const Fd parent = open_parent(path);
  if (parent) return remove(parent, name_of(path), path);
  if (errno != ENOENT) fail("removing", path, errno);
}

void sync_tree(const fs::path& path) {
  const Fd fd = open_straight(path, O_RDONLY | O_DIRECTORY);
  if (!fd || ::syncfs(fd.get()) != 0) fail("syncing", path, errno);
  if (path.has_parent_path()) sync_folder_of(path);
}

void rename_tree(const fs::path& from, const fs::path& to) {
  const Fd parent = open_parent(from);
  if (!parent || ::renameat(parent.get(), name_of(from).c_str(), parent.get(), name_of(to).c_str()) != 0)
    fail("renaming", from, errno);
  sync_folder_of(to);
}

std::uintmax_t tree_bytes(const fs::path& path) {
  std::uintmax_t total = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator at(path, fs::directory_options::skip_permission_denied, error), end;
       !error && at != end; at.increment(error)) {
    std::error_code vanished;
    if (!at->is_symlink(vanished) && at->is_regular_file(vanished)) {
      const auto size = at->file_size(vanished);
      if (!vanished) total += size;
    }
  }
  return total;
}

}  // namespace os
