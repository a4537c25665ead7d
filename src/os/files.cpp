#include "os/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <poll.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "base/error.h"

namespace os {
namespace {

using base::Error;

[[noreturn]] void fail(std::string_view doing, const fs::path& path, int code) {
  if (code == ENOSPC || code == EDQUOT) {
    throw Error("DiskFull", fmt::format("no room left while {} {}", doing, path.string()),
                "free some space there and run again");
  }
  throw Error(code == ENOENT ? "FileNotFound" : "FileError",
              fmt::format("{} {}: {}", doing, path.string(), std::strerror(code)));
}

/// A file descriptor that closes itself.
class Fd {
 public:
  Fd(const fs::path& path, int flags, unsigned mode = 0)
      : fd_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

void sync_folder(const fs::path& folder) {
  const Fd fd(folder, O_RDONLY | O_DIRECTORY);
  if (!fd || ::fsync(fd.get()) != 0) fail("syncing", folder, errno);
}

void write_all(int fd, std::string_view content, const fs::path& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("writing", path, errno);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
}

void replace(const fs::path& path, std::string_view content, unsigned mode, bool durable) {
  const fs::path temporary = path.string() + ".new." + random_text(8);
  try {
    const Fd fd(temporary, O_WRONLY | O_CREAT | O_EXCL, mode);
    if (!fd) fail("creating", temporary, errno);
    write_all(fd.get(), content, temporary);
    if (durable && ::fsync(fd.get()) != 0) fail("syncing", temporary, errno);
  } catch (const Error&) {
    ::unlink(temporary.c_str());
    throw;
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) fail("replacing", path, errno);
}

}  // namespace

Ids current_user() {
  const auto* entry = ::getpwuid(::geteuid());
  return {::geteuid(), ::getegid(), entry != nullptr ? entry->pw_name : fmt::format("{}", ::geteuid())};
}

std::optional<Ids> find_user(const std::string& name) {
  const auto* entry = ::getpwnam(name.c_str());
  if (entry == nullptr) return std::nullopt;
  return Ids{entry->pw_uid, entry->pw_gid, name};
}

std::string read_file(const fs::path& path, std::uintmax_t limit_bytes) {
  const Fd fd(path, O_RDONLY);
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

void replace_file(const fs::path& path, std::string_view content, unsigned mode) {
  replace(path, content, mode, false);
}

void write_file_atomic(const fs::path& path, std::string_view content, unsigned mode) {
  replace(path, content, mode, true);
  sync_folder(path.parent_path().empty() ? fs::path(".") : path.parent_path());
}

void make_folder(const fs::path& path, unsigned mode, const std::optional<Ids>& owner) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) fail("creating", path, error.value());
  if (::chmod(path.c_str(), mode) != 0) fail("changing the mode of", path, errno);
  if (owner && ::geteuid() == 0 && ::chown(path.c_str(), owner->uid, owner->gid) != 0)
    fail("changing the owner of", path, errno);
}

void give_to(const fs::path& path, const Ids& owner) {
  if (::geteuid() != 0) return;
  auto give = [&](const fs::path& each) {
    if (::lchown(each.c_str(), owner.uid, owner.gid) != 0) fail("changing the owner of", each, errno);
  };
  give(path);
  if (!fs::is_directory(path)) return;
  for (const auto& entry : fs::recursive_directory_iterator(path)) give(entry.path());
}

void remove_tree(const fs::path& path) {
  std::error_code error;
  for (int tries = 0; tries < 5;
       ++tries) {  // something that ends just now may remove files of its own meanwhile
    fs::remove_all(path, error);
    if (!error) return;
  }
  fail("removing", path, error.value());
}

void sync_tree(const fs::path& path) {
  const Fd fd(path, O_RDONLY | O_DIRECTORY);
  if (!fd || ::syncfs(fd.get()) != 0) fail("syncing", path, errno);
  if (path.has_parent_path()) sync_folder(path.parent_path());
}

std::uintmax_t tree_bytes(const fs::path& path) {
  std::uintmax_t total = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator at(path, fs::directory_options::skip_permission_denied, error), end;
       !error && at != end; at.increment(error)) {
    std::error_code vanished;
    if (at->is_regular_file(vanished)) {
      const auto size = at->file_size(vanished);
      if (!vanished) total += size;
    }
  }
  return total;
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

bool can_reflink(const fs::path& folder) {
  const fs::path from = folder / (".reflink-" + random_text(8)), to = from.string() + "-clone";
  bool yes = false;
  {
    const Fd fd(from, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (!fd) return false;
    const std::string block(4096, 'x');
    yes = ::write(fd.get(), block.data(), block.size()) == 4096;
  }
  try {
    yes = yes && reflink(from, to);
  } catch (const Error&) {
    yes = false;
  }
  ::unlink(from.c_str());
  ::unlink(to.c_str());
  return yes;
}

bool same_file_system(const fs::path& a, const fs::path& b) {
  struct stat first {
  }, second{};
  return ::stat(a.c_str(), &first) == 0 && ::stat(b.c_str(), &second) == 0 && first.st_dev == second.st_dev;
}

bool reflink(const fs::path& from, const fs::path& to, const std::optional<Ids>& owner) {
  const Fd source(from, O_RDONLY);
  if (!source) fail("reading", from, errno);
  struct stat info {};
  if (::fstat(source.get(), &info) != 0) fail("reading", from, errno);
  const Fd target(to, O_WRONLY | O_CREAT | O_TRUNC, info.st_mode & 0777U);
  if (!target) fail("creating", to, errno);
  if (owner && ::geteuid() == 0 && ::fchown(target.get(), owner->uid, owner->gid) != 0)
    fail("changing the owner of", to, errno);
  if (info.st_size == 0 || ::ioctl(target.get(), FICLONE, source.get()) == 0) return true;
  if (errno == EOPNOTSUPP || errno == EXDEV || errno == EINVAL || errno == ENOTTY) return false;
  fail("cloning", from, errno);
}

void allocate(const fs::path& path, std::uint64_t bytes, const Ids& owner) {
  const Fd fd(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (!fd) fail("creating", path, errno);
  if (::fallocate(fd.get(), 0, 0, static_cast<off_t>(bytes)) == 0) return give_to(path, owner);
  const int code = errno;
  ::unlink(path.c_str());
  if (code != EOPNOTSUPP) fail("making room for", path, code);
}

std::uint64_t count_extents(const fs::path& file) {
  const Fd fd(file, O_RDONLY);
  if (!fd) return 0;
  fiemap map;  // not `{}`: it ends in an array of no size
  std::memset(&map, 0, sizeof map);
  map.fm_length = FIEMAP_MAX_OFFSET;
  return ::ioctl(fd.get(), FS_IOC_FIEMAP, &map) == 0 ? map.fm_mapped_extents : 0;
}

std::optional<FileLock> FileLock::try_lock(const fs::path& path, std::chrono::milliseconds patience) {
  constexpr auto between = std::chrono::milliseconds(20);
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) fail("opening", path, errno);
  int code = 0;
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    code = errno;
    if (code != EWOULDBLOCK || patience <= std::chrono::milliseconds::zero()) break;
    ::poll(nullptr, 0, static_cast<int>(between.count()));
    patience -= between;
    code = 0;
  }
  if (code == 0) return FileLock(fd);
  ::close(fd);
  if (code == EWOULDBLOCK) return std::nullopt;
  fail("locking", path, code);
}

FileLock::FileLock(FileLock&& other) noexcept : fd_(other.fd_) {
  other.fd_ = -1;
}
FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}

std::string random_bytes(std::size_t bytes) {
  std::string out(bytes, '\0');
  for (std::size_t got = 0; got < bytes;) {
    const ssize_t n = ::getrandom(out.data() + got, bytes - got, 0);
    if (n < 0 && errno != EINTR)
      throw Error("RandomError", fmt::format("getrandom: {}", std::strerror(errno)));
    if (n > 0) got += static_cast<std::size_t>(n);
  }
  return out;
}

std::string random_text(std::size_t characters) {
  constexpr std::string_view alphabet = "abcdefghijkmnpqrstuvwxyz23456789";
  std::string out = random_bytes(characters);
  for (char& c : out) c = alphabet[static_cast<unsigned char>(c) % alphabet.size()];
  return out;
}

std::uint64_t random_seed() {
  std::uint64_t seed = 0;
  std::memcpy(&seed, random_bytes(sizeof seed).data(), sizeof seed);
  return seed;
}

}  // namespace os
