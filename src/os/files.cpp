#include "os/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <sstream>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "os/descriptor.h"

namespace os {
namespace {

using base::Error;

std::string read_all(const Fd& fd, const fs::path& path, std::uintmax_t limit_bytes) {
  if (!fd) fail("reading", path, errno);
  std::string content;
  std::vector<char> buffer(64U << 10U);
  while (true) {
    const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("reading", path, errno);
    if (got == 0) return content;
    content.append(buffer.data(), static_cast<std::size_t>(got));
    if (content.size() > limit_bytes)
      throw Error("FileTooLarge", fmt::format("{} is larger than {} bytes", path.string(), limit_bytes));
  }
}

/// Two descriptors of the same folder: the name is replaced where the new file was written, whatever becomes
/// of the path meanwhile.
void replace(const fs::path& path, std::string_view content, unsigned mode, const std::optional<Ids>& owner,
             bool durable) {
  const Fd folder = open_parent(path, O_RDONLY);
  if (!folder) fail("opening the folder of", path, errno);
  const std::string temporary = name_of(path) + ".new." + random_text(8);
  try {
    const Fd fd = open_in(folder, temporary, O_WRONLY | O_CREAT | O_EXCL, mode);
    if (!fd) fail("creating", path, errno);
    if (owner && ::geteuid() == 0 && ::fchown(fd.get(), owner->uid, owner->gid) != 0)
      fail("changing the owner of", path, errno);
    write_all(fd, content, path);
    if (durable && ::fsync(fd.get()) != 0) fail("syncing", path, errno);
    if (::renameat(folder.get(), temporary.c_str(), folder.get(), name_of(path).c_str()) != 0)
      fail("replacing", path, errno);
  } catch (const Error&) {
    ::unlinkat(folder.get(), temporary.c_str(), 0);
    throw;
  }
  if (durable && ::fsync(folder.get()) != 0) fail("syncing the folder of", path, errno);
}

}  // namespace

std::string read_file(const fs::path& path, std::uintmax_t limit_bytes) {
  return read_all(open_path(path, O_RDONLY), path, limit_bytes);
}

std::string read_regular(const fs::path& path, std::uintmax_t limit_bytes) {
  return read_all(open_regular(path), path, limit_bytes);
}

std::string read_tail(const fs::path& path, std::uintmax_t bytes) {
  const Fd fd = open_regular(path);
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0) fail("reading", path, errno);
  const auto size = static_cast<std::uintmax_t>(info.st_size);
  std::string end(std::min(size, bytes + 1), '\0');  // one more, to see whether anything is cut
  const ssize_t got = ::pread(fd.get(), end.data(), end.size(), static_cast<off_t>(size - end.size()));
  if (got < 0) fail("reading", path, errno);
  end.resize(static_cast<std::size_t>(got));
  return std::string(base::tail(end, bytes));
}

void replace_file(const fs::path& path, std::string_view content, unsigned mode,
                  const std::optional<Ids>& owner) {
  replace(path, content, mode, owner, false);
}

void write_file_atomic(const fs::path& path, std::string_view content, unsigned mode,
                       const std::optional<Ids>& owner) {
  replace(path, content, mode, owner, true);
}

bool create_file(const fs::path& path, std::string_view content, unsigned mode) {
  const Fd folder = open_parent(path, O_RDONLY);
  if (!folder) fail("opening the folder of", path, errno);
  const std::string temporary = name_of(path) + ".new." + random_text(8);
  write_file_atomic(path.parent_path() / temporary, content, mode);
  const bool made = ::linkat(folder.get(), temporary.c_str(), folder.get(), name_of(path).c_str(), 0) == 0;
  const int code = made ? 0 : errno;
  ::unlinkat(folder.get(), temporary.c_str(), 0);
  if (!made && code != EEXIST) fail("making", path, code);
  if (::fsync(folder.get()) != 0) fail("syncing the folder of", path, errno);
  return made;
}

void rotate(const fs::path& path, std::uintmax_t limit_bytes) {
  const Fd folder = open_parent(path);
  const Fd log = open_regular(path, O_RDWR);
  struct stat info {};
  // A file with two names may be somebody else's.
  if (!folder || !log || ::fstat(log.get(), &info) != 0 || info.st_nlink != 1) return;
  if (static_cast<std::uintmax_t>(info.st_size) <= limit_bytes) return;
  const std::string old = name_of(path) + ".1";
  ::unlinkat(folder.get(), old.c_str(), 0);
  const Fd kept = open_in(folder, old, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (!kept || (::geteuid() == 0 && ::fchown(kept.get(), info.st_uid, info.st_gid) != 0)) return;
  copy_bytes(log, kept, path);
  if (::ftruncate(log.get(), 0) != 0) fail("emptying", path, errno);
}

std::uintmax_t free_bytes(const fs::path& path) {
  fs::path folder = path;
  while (!fs::exists(folder) && folder.has_parent_path() && folder != folder.parent_path())
    folder = folder.parent_path();
  struct statvfs info {};
  if (::statvfs(folder.c_str(), &info) != 0) fail("asking for the room on", folder, errno);
  return static_cast<std::uintmax_t>(info.f_bavail) * info.f_frsize;
}

base::Time modified(const fs::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) fail("read", file, errno);
  return base::Time(std::chrono::seconds(status.st_mtim.tv_sec) +
                    std::chrono::microseconds(status.st_mtim.tv_nsec / 1000));
}

namespace {

/// Locks the file, or closes it and says false if somebody else holds it.
bool lock_or_close(int fd, const fs::path& path, std::chrono::milliseconds patience) {
  constexpr auto between = std::chrono::milliseconds(20);
  int code = 0;
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    code = errno;
    if (code != EWOULDBLOCK || patience <= std::chrono::milliseconds::zero()) break;
    ::poll(nullptr, 0, static_cast<int>(between.count()));
    patience -= between;
    code = 0;
  }
  if (code == 0) return true;
  ::close(fd);
  if (code == EWOULDBLOCK) return false;
  fail("locking", path, code);
}

}  // namespace

std::optional<FileLock> FileLock::try_lock(const fs::path& path, std::chrono::milliseconds patience) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) fail("opening", path, errno);
  if (!lock_or_close(fd, path, patience)) return std::nullopt;
  return FileLock(fd);
}

bool is_locked(const fs::path& path, std::chrono::milliseconds patience) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return false;
  if (fd < 0) fail("opening", path, errno);
  if (!lock_or_close(fd, path, patience)) return true;
  ::close(fd);
  return false;
}

/// Lines of proc_locks(5): `1: POSIX  ADVISORY  WRITE 3568 fe:01:12345 120 120`, the device in hex.
int record_writer(const fs::path& path) {
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) return 0;
  const auto wanted = fmt::format("{:02x}:{:02x}:{}", major(file.st_dev), minor(file.st_dev), file.st_ino);
  std::ifstream in("/proc/locks");
  std::string line;
  while (std::getline(in, line)) {
    std::istringstream words(line);
    std::string number, kind, advisory, access, place;
    int process = 0;
    if (words >> number >> kind >> advisory >> access >> process >> place && kind == "POSIX" &&
        access == "WRITE" && place == wanted)
      return process;
  }
  return 0;
}

FileLock::FileLock(FileLock&& other) noexcept : fd_(other.fd_) {
  other.fd_ = -1;
}
FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace os
