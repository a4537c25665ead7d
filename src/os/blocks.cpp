#include "os/blocks.h"

#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "os/descriptor.h"

namespace os {
namespace {

struct Pair {
  Fd from, to;
  std::uintmax_t bytes = 0;
};

Pair open_pair(const fs::path& from, const fs::path& to, const std::optional<Ids>& owner) {
  Pair both{.from = open_regular(from), .to = Fd()};
  struct stat info {};
  if (!both.from || ::fstat(both.from.get(), &info) != 0) fail("reading", from, errno);
  both.bytes = static_cast<std::uintmax_t>(info.st_size);
  both.to = open_straight(to, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK, info.st_mode & 0777U);
  if (!both.to) fail("creating", to, errno);
  if (owner && ::geteuid() == 0 && ::fchown(both.to.get(), owner->uid, owner->gid) != 0)
    fail("changing the owner of", to, errno);
  return both;
}

bool share(const Pair& both, const fs::path& from) {
  if (both.bytes == 0 || ::ioctl(both.to.get(), FICLONE, both.from.get()) == 0) return true;
  if (errno == EOPNOTSUPP || errno == EXDEV || errno == EINVAL || errno == ENOTTY) return false;
  fail("cloning", from, errno);
}

}  // namespace

bool reflink(const fs::path& from, const fs::path& to, const std::optional<Ids>& owner) {
  return share(open_pair(from, to, owner), from);
}

void copy_file(const fs::path& from, const fs::path& to, const std::optional<Ids>& owner) {
  const Pair both = open_pair(from, to, owner);
  if (!share(both, from)) copy_bytes(both.from, both.to, from);
}

bool can_reflink(const fs::path& folder) {
  const Fd from = open_straight(folder, O_TMPFILE | O_RDWR, 0600);
  const Fd to = open_straight(folder, O_TMPFILE | O_RDWR, 0600);
  if (!from || !to) return false;
  const std::string block(4096, 'x');
  return ::write(from.get(), block.data(), block.size()) == 4096 &&
         ::ioctl(to.get(), FICLONE, from.get()) == 0;
}

bool same_file_system(const fs::path& a, const fs::path& b) {
  struct stat first {
  }, second{};
  return ::stat(a.c_str(), &first) == 0 && ::stat(b.c_str(), &second) == 0 && first.st_dev == second.st_dev;
}

void allocate(const fs::path& path, std::uint64_t bytes, const Ids& owner) {
  const Fd fd = open_straight(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (!fd) fail("creating", path, errno);
  if (::fallocate(fd.get(), 0, 0, static_cast<off_t>(bytes)) == 0) {
    if (::geteuid() == 0 && ::fchown(fd.get(), owner.uid, owner.gid) != 0)
      fail("changing the owner of", path, errno);
    return;
  }
  const int code = errno;
  ::unlink(path.c_str());
  if (code != EOPNOTSUPP) fail("making room for", path, code);
}

std::uint64_t count_extents(const fs::path& file) {
  const Fd fd = open_regular(file);
  if (!fd) return 0;
  fiemap map;  // not `{}`: it ends in an array of no size
  std::memset(&map, 0, sizeof map);
  map.fm_length = FIEMAP_MAX_OFFSET;
  return ::ioctl(fd.get(), FS_IOC_FIEMAP, &map) == 0 ? map.fm_mapped_extents : 0;
}

}  // namespace os
