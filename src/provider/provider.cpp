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
  if (engine.find("postgres") != std::string::npos) return "postgres";
  return engine == "oracle" || engine == "sqlserver" ? engine : "mariadb";
}

StatusClass classify(std::string_view status) {
  if (std::ranges::find(ready, status) != std::end(ready)) return StatusClass::ready;
  if (std::ranges::find(failed, status) != std::end(failed)) return StatusClass::failed;
  return status == "stopped" ? StatusClass::stopped : StatusClass::transient;
}

}  // namespace provider
