#include "engine/ownership.h"

namespace engine {
namespace {

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

bool Ownership::is_alive(const std::string& id) const {
  if (id == id_) return true;
  const auto path = folder_ / id;
  if (!std::filesystem::exists(path)) return false;
  if (!os::FileLock::try_lock(path, std::chrono::milliseconds(500))) return true;
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  return false;
}

}  // namespace engine
