#include "refresh/storage.h"

#include <fmt/format.h>

namespace refresh {

void warn_of_unused_iops(const Json& member, std::vector<Problem>& problems) {
  const std::string type = member.value("storagetype", "");
  if (!member.contains("iops") || type.empty() || type.starts_with("io")) return;
  problems.push_back(
      {0, ".iops", fmt::format("is not used with storagetype {}: io1 and io2 take it", type), true});
}

}  // namespace refresh
