#include "refresh/listening.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace refresh {
namespace {

std::vector<std::string> networks_in(const Json& member) {
  const Json said = member.value("listennetworks", Json());
  if (said.is_string()) return base::split_list(said.get<std::string>());
  return said.is_array() ? said.get<std::vector<std::string>>() : std::vector<std::string>{};
}

}  // namespace

provider::Listening listening_of(const Json& member) {
  return {.address = member.value("listenaddress", ""),
          .tls = member.value("listentls", ""),
          .certificate = member.value("listencertificate", ""),
          .key = member.value("listenkey", ""),
          .networks = networks_in(member)};
}

void check_listening(const Json& member, std::vector<Problem>& problems) {
  if (member.contains(listen_networks.name) && networks_in(member).empty())
    problems.push_back({0, fmt::format(".{}", listen_networks.name),
                        "names none: leave it out where logins may come from anywhere"});
  for (const auto& fault : provider::faults_of(listening_of(member))) {
    const auto found =
        std::ranges::find_if(listening_fields, [&](const auto& each) { return each.first == fault.member; });
    problems.push_back({0, fmt::format(".{}", found->second), fault.why});
  }
}

}  // namespace refresh
