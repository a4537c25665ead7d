#include "provider/provider.h"

#include <algorithm>

namespace provider {
namespace {

constexpr std::string_view ready[] = {"available", "storage-optimization", "storage-config-upgrade",
                                      "backing-up"};
constexpr std::string_view failed[] = {"failed",
                                       "incompatible-restore",
                                       "incompatible-network",
                                       "incompatible-parameters",
                                       "incompatible-create",
                                       "incompatible-credentials",
                                       "incompatible-option-group",
                                       "inaccessible-encryption-credentials",
                                       "inaccessible-encryption-credentials-recoverable",
                                       "modify-failed",
                                       "upgrade-failed",
                                       "restore-error",
                                       "restore-failed",
                                       "insufficient-capacity",
                                       "storage-full",
                                       "cloning-failed",
                                       "migration-failed"};

}  // namespace

std::string_view to_string(Kind kind) {
  return kind == Kind::cluster ? "cluster" : "instance";
}

std::string family_of(const std::string& engine) {
  if (engine == "postgres" || engine == "postgresql" || engine == "aurora-postgresql") return "postgres";
  const bool mysql =
      engine == "mysql" || engine == "mariadb" || engine == "aurora" || engine == "aurora-mysql";
  return mysql ? "mariadb" : engine;
}

StatusClass classify(std::string_view status) {
  if (std::ranges::find(ready, status) != std::end(ready)) return StatusClass::ready;
  if (std::ranges::find(failed, status) != std::end(failed)) return StatusClass::failed;
  return status == "stopped" ? StatusClass::stopped : StatusClass::transient;
}

}  // namespace provider
