#include "engine/ownership.h"

namespace engine {
namespace {

/// A process that was killed may hold its locks in a child that it was about to start, for a moment.
constexpr auto patience = std::chrono::milliseconds(500);

std::filesystem::path made(std::filesystem::path folder) {
  os::make_folder(folder, 0700);
  return folder;
}

}  // namespace

Ownership::Ownership(std::filesystem::path folder)
    : folder_(made(std::move(folder))),
      id_("engine-" + os::random_text(12)),
      lock_(*os::FileLock::try_lock(folder_ / id_)) {}

Ownership::~Ownership() {
  std::error_code ignored;
  std::filesystem::remove(folder_ / id_, ignored);
}

bool Ownership::is_alive(const std::filesystem::path& folder, const std::string& id) {
  return os::is_locked(folder / id, patience);
}

bool Ownership::is_alive(const std::string& id) const {
  if (id == id_ || is_alive(folder_, id)) return true;
  std::error_code ignored;
  std::filesystem::remove(folder_ / id, ignored);
  return false;
}

}  // namespace engine
