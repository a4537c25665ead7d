#include "os/descriptor.h"

#include <dirent.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace os {

namespace fs = std::filesystem;

Fd& Fd::operator=(Fd&& other) noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = other.release();
  return *this;
}

Fd::~Fd() {
  if (fd_ >= 0) ::close(fd_);
}

void fail(std::string_view doing, const fs::path& path, int code) {
  if (code == ENOSPC || code == EDQUOT) {
    throw base::Error("DiskFull", fmt::format("no room left while {} {}", doing, path.string()),
                      "free some space there and run again");
  }
  const std::string why = code == ELOOP ? "a symbolic link is in the way" : std::strerror(code);
  throw base::Error(code == ENOENT ? "FileNotFound" : "FileError",
                    fmt::format("{} {}: {}", doing, path.string(), why));
}

Fd open_path(const fs::path& path, int flags, unsigned mode) {
  return Fd(::open(path.c_str(), flags | O_CLOEXEC, mode));
}

Fd open_straight(const fs::path& path, int flags, unsigned mode) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.mode = (flags & O_CREAT) != 0 ? mode : 0U;
  how.resolve = RESOLVE_NO_SYMLINKS;
  return Fd(static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how)));
}

Fd open_in(const Fd& folder, const std::string& name, int flags, unsigned mode) {
  return Fd(::openat(folder.get(), name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC, mode));
}

Fd open_parent(const fs::path& path, int flags) {
  const fs::path parent = (path.has_filename() ? path : path.parent_path()).parent_path();
  return open_straight(parent.empty() ? "." : parent, flags | O_DIRECTORY);
}

std::string name_of(const fs::path& path) {
  return (path.has_filename() ? path : path.parent_path()).filename();
}

Fd open_regular(const fs::path& path, int flags) {
  Fd fd = open_straight(path, flags | O_NONBLOCK);
  struct stat info {};
  if (!fd || (::fstat(fd.get(), &info) == 0 && S_ISREG(info.st_mode))) return fd;
  fd = Fd();
  errno = EINVAL;
  return fd;
}

std::vector<std::string> names_in(const Fd& folder) {
  std::vector<std::string> names;
  const int again = ::openat(folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* const listing = again < 0 ? nullptr : ::fdopendir(again);
  if (listing == nullptr) {
    if (again >= 0) ::close(again);
    return names;
  }
  while (const dirent* entry = ::readdir(listing)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  ::closedir(listing);
  return names;
}

void write_all(const Fd& fd, std::string_view content, const fs::path& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd.get(), content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("writing", path, errno);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
}

void copy_bytes(const Fd& from, const Fd& to, const fs::path& path) {
  constexpr std::size_t at_once = 1U << 30U;
  while (true) {
    const ssize_t copied = ::sendfile(to.get(), from.get(), nullptr, at_once);
    if (copied == 0) return;
    if (copied < 0 && errno != EINTR) fail("copying", path, errno);
  }
}

}  // namespace os
