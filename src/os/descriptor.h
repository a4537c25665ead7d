// File descriptors, for work in folders that others may write to as well: what is opened is what is meant, or
// it is not opened.
#pragma once

#include <fcntl.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace os {

/// Closes itself. Owned by one.
class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd();
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

/// open(2), following symbolic links as usual. Without a descriptor errno says why.
Fd open_path(const std::filesystem::path& path, int flags, unsigned mode = 0);
/// The same through no symbolic link, neither on the way nor at the end: ELOOP (openat2(2)).
Fd open_straight(const std::filesystem::path& path, int flags, unsigned mode = 0);
/// In that folder, not through a link.
Fd open_in(const Fd& folder, const std::string& name, int flags, unsigned mode = 0);
/// The folder that `path` lies in, through no link, to do something to the name in it.
Fd open_parent(const std::filesystem::path& path, int flags = O_PATH);
/// What a path is called in its folder.
std::string name_of(const std::filesystem::path& path);

/// A regular file to read, through no link; a FIFO or a device in its place does not make us wait. Errors as
/// open_straight(), or EINVAL.
Fd open_regular(const std::filesystem::path& path, int flags = 0);

/// Names in an open folder, without . and ..
std::vector<std::string> names_in(const Fd& folder);

void write_all(const Fd& fd, std::string_view content, const std::filesystem::path& path);
/// Copies the rest of a file to another one.
void copy_bytes(const Fd& from, const Fd& to, const std::filesystem::path& path);

/// Throws DiskFull, FileNotFound or FileError for an errno.
[[noreturn]] void fail(std::string_view doing, const std::filesystem::path& path, int code);

}  // namespace os
