#include "provider/local/volume.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include "base/error.h"
#include "os/process.h"

namespace provider::local {
namespace {

using base::Error;

/// Nothing in a volume is a program of anybody's, or a device.
constexpr const char* mount_options = "loop,noatime,nosuid,nodev";

void run(std::vector<std::string> argv) {
  base::SystemClock clock;
  os::run_or_throw({.argv = std::move(argv)}, clock, clock.now() + std::chrono::minutes(10), {});
}

/// The kernel reads a file system that it mounts as if it had written it: nobody but root may have written
/// this one.
void mount(const os::fs::path& image, const os::fs::path& at) {
  for (const auto& each : {image.parent_path(), image}) {
    const auto owner = os::owner_of(each);
    if (!owner || owner->uid != 0)
      throw Error("BadHome",
                  fmt::format("{} is not mounted: {} belongs to {}, not to root", image.string(),
                              each.string(), owner ? owner->name : "nobody"),
                  "a volume is for a home of root; else use a file system that shares blocks between files");
  }
  run({"mount", "-o", mount_options, image.string(), at.string()});
}

bool holds_nothing(const os::fs::path& folder) {
  std::error_code error;
  return os::fs::directory_iterator(folder, error) == os::fs::directory_iterator();
}

}  // namespace

void make_volume(const os::fs::path& root, std::uintmax_t bytes) {
  const auto image = root / "volume.img", at = root / "volume";
  if (os::current_user().uid != 0)
    throw Error("BadInput", "a volume is made and mounted by root", "run it once with sudo and --home");
  if (const auto owner = os::owner_of(root); owner && owner->uid != 0)
    throw Error("BadInput",
                fmt::format("{} belongs to {}; a volume is for a home of root", root.string(), owner->name));
  if (os::fs::exists(image))
    throw Error("BadInput", fmt::format("there is a volume already: {}", image.string()));
  if (!holds_nothing(root / "instances"))
    throw Error("BadInput", fmt::format("there are databases in {} already", (root / "instances").string()),
                "a volume comes first; delete them, or choose another home");
  constexpr std::uintmax_t smallest = 512U << 20U;
  if (bytes < smallest) throw Error("BadInput", "a volume needs at least 512M");
  if (os::fs::exists(root) && os::free_bytes(root) < bytes)
    throw Error("DiskFull",
                fmt::format("{} has not enough room for a volume of {} bytes", root.string(), bytes));
  os::fs::create_directories(at);
  const os::fs::path unfinished = image.string() + ".partial";
  try {
    run({"fallocate", "-l", std::to_string(bytes), unfinished.string()});
    run({"mkfs.xfs", "-q", "-m", "reflink=1", unfinished.string()});
  } catch (const Error&) {
    os::remove_tree(unfinished);
    throw;
  }
  os::fs::rename(unfinished, image);
  mount(image, at);
  os::fs::permissions(at, os::fs::perms(0711));
}

os::fs::path storage_of(const os::fs::path& root) {
  const auto image = root / "volume.img", at = root / "volume";
  if (!os::fs::exists(image)) return root;
  if (os::same_file_system(root, at)) {
    if (os::current_user().uid != 0)
      throw Error("VolumeNotMounted", fmt::format("the volume {} is not mounted", image.string()),
                  fmt::format("sudo mount -o {} {} {}", mount_options, image.string(), at.string()));
    mount(image, at);
  }
  return at;
}

}  // namespace provider::local
