#include "provider/local/volume.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include "base/error.h"
#include "os/process.h"
#include "provider/local/place.h"

namespace provider::local {
namespace {

using base::Error;

/// Nothing in a volume is a program of anybody's, or a device.
constexpr const char* mount_options = "loop,noatime,nosuid,nodev";
constexpr auto patience = std::chrono::minutes(1);

void run(std::vector<std::string> argv) {
  base::SystemClock clock;
  os::run_or_throw({.argv = std::move(argv)}, clock, clock.now() + std::chrono::minutes(10), {});
}

/// The kernel reads a file system that it mounts as if it had written it: nobody but root may have written
/// this one.
void must_be_roots(const os::fs::path& image) {
  for (const auto& each : {image.parent_path(), image}) {
    const auto owner = os::owner_of(each);
    if (!owner || owner->uid != 0)
      throw Error("BadHome",
                  fmt::format("{} is not mounted: {} belongs to {}, not to root", image.string(),
                              each.string(), owner ? owner->name : "nobody"),
                  "a volume is for a home of root; else use a file system that shares blocks between files");
  }
}

/// Whoever reads it reads the data of all servers, around their accounts.
void close_to_others(const os::fs::path& image) {
  constexpr auto roots_alone = os::fs::perms(0600);
  if (os::fs::status(image).permissions() != roots_alone) os::fs::permissions(image, roots_alone);
}

bool is_mounted(const os::fs::path& root, const os::fs::path& at) {
  return os::fs::exists(at) && !os::same_file_system(root, at);
}

/// Of several who come at once one mounts it, and the others wait.
void mount_once(const os::fs::path& root, const os::fs::path& image, const os::fs::path& at) {
  const auto held = os::FileLock::try_lock(image, patience);
  if (!held)
    throw Error("VolumeNotMounted", fmt::format("another process mounts {} for long", image.string()));
  if (!is_mounted(root, at)) run({"mount", "-o", mount_options, image.string(), at.string()});
}

bool holds_nothing(const os::fs::path& folder) {
  std::error_code error;
  return os::fs::directory_iterator(folder, error) == os::fs::directory_iterator();
}

void check_volume(const os::fs::path& root, const os::fs::path& image) {
  if (os::current_user().uid != 0)
    throw Error("BadInput", "a volume is made and mounted by root", "run it once with sudo and --home");
  check_place(root, Opening::to_work);
  if (os::fs::exists(image))
    throw Error("BadInput", fmt::format("there is a volume already: {}", image.string()));
  if (!holds_nothing(root / "instances"))
    throw Error("BadInput", fmt::format("there are databases in {} already", (root / "instances").string()),
                "a volume comes first; delete them, or choose another home");
}

/// In a file that has its name when it is whole, and root's alone from the beginning.
void fill(const os::fs::path& root, const os::fs::path& unfinished, std::uintmax_t bytes) {
  os::fs::resize_file(unfinished, 0);  // what a process that died has left takes no room
  if (os::free_bytes(root) < bytes)
    throw Error("DiskFull",
                fmt::format("{} has not enough room for a volume of {} bytes", root.string(), bytes));
  close_to_others(unfinished);
  run({"fallocate", "-l", std::to_string(bytes), unfinished.string()});
  run({"mkfs.xfs", "-q", "-m", "reflink=1", unfinished.string()});
}

}  // namespace

void make_volume(const os::fs::path& given, std::uintmax_t bytes) {
  const auto root = os::fs::weakly_canonical(given), image = root / "volume.img";
  check_volume(root, image);
  constexpr std::uintmax_t smallest = 512U << 20U;
  if (bytes < smallest) throw Error("BadInput", "a volume needs at least 512M");
  if (!os::fs::exists(root)) os::make_folder(root, 0711);
  {
    const os::fs::path unfinished = image.string() + ".partial";
    const auto held = os::FileLock::try_lock(unfinished);
    if (!held || os::fs::exists(image))
      throw Error("BadInput", fmt::format("another process makes {}", image.string()));
    try {
      fill(root, unfinished, bytes);
      os::rename_tree(unfinished, image);
    } catch (const std::exception&) {
      os::remove_tree(unfinished);
      throw;
    }
  }
  os::make_folder(storage_of(root), 0711);
}

os::fs::path storage_of(const os::fs::path& root) {
  const auto image = root / "volume.img", at = root / "volume";
  const bool root_asks = os::current_user().uid == 0, there = os::fs::exists(image);
  if (root_asks && there) close_to_others(image);
  if (is_mounted(root, at)) return at;  // though its image may have been moved away
  if (!there) return root;
  if (!root_asks)
    throw Error("VolumeNotMounted", fmt::format("the volume {} is not mounted", image.string()),
                fmt::format("sudo mount -o {} {} {}", mount_options, image.string(), at.string()));
  must_be_roots(image);
  os::fs::create_directories(at);
  mount_once(root, image, at);
  return at;
}

}  // namespace provider::local
