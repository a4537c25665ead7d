#include "provider/aws/quarantine.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace provider::aws {
namespace {

constexpr const char* usual_tag = "refresh-quarantine";

Json filter(const char* name, const std::string& value) {
  return {{"Name", name}, {"Values", {value}}};
}

bool covers(const Json& permission, int port) {
  const auto protocol = text(permission, "IpProtocol");
  if (protocol == "-1") return true;
  return (protocol == "tcp" || protocol == "6") && number(permission, "FromPort") <= port &&
         port <= number(permission, "ToPort");
}

/// "10.0.0.7" of "10.0.0.7/32"; "" for a range of more than one address.
std::string single(const std::string& cidr) {
  const auto slash = cidr.rfind('/');
  if (slash == std::string::npos) return {};
  const auto bits = cidr.substr(slash + 1);
  return bits == (cidr.find(':') == std::string::npos ? "32" : "128") ? cidr.substr(0, slash) : std::string();
}

}  // namespace

std::string Quarantine::vpc_of(const std::string& subnet_group, const Budget& budget) {
  const auto groups = service_.shared("rds", "DescribeDBSubnetGroups", {{"DBSubnetGroupName", subnet_group}},
                                      "DBSubnetGroups", budget);
  if (groups.empty())
    throw base::Error("DBSubnetGroupNotFoundFault", fmt::format("there is no subnet group {}", subnet_group));
  return text(groups[0], "VpcId");
}

/// Leads nowhere: CloudFormation keeps the rule that lets all out from a group that has another one.
bool leads_out(const Json& permission) {
  const auto ranges = part(permission, "IpRanges");
  const bool nowhere = !ranges.empty() && std::ranges::all_of(ranges, [](const Json& each) {
    return text(each, "CidrIp") == "127.0.0.1/32";
  });
  return !nowhere || !part(permission, "Ipv6Ranges").empty() || !part(permission, "PrefixListIds").empty() ||
         !part(permission, "UserIdGroupPairs").empty();
}

bool Quarantine::is_ours(const std::string& address) const {
  return std::ranges::find(settings_.addresses, address) != settings_.addresses.end();
}

std::string Quarantine::who_we_are() const {
  auto all = settings_.addresses;
  all.insert(all.end(), settings_.groups.begin(), settings_.groups.end());
  return base::join(all, ", ");
}

std::vector<Json> Quarantine::found(const std::string& vpc, const Budget& budget) {
  Json input = {{"Filters", {filter("vpc-id", vpc)}}};
  if (settings_.quarantine_group.empty())
    input["Filters"].push_back(filter("tag:refresh-quarantine", "true"));
  else
    input["Filters"].push_back(filter("group-id", settings_.quarantine_group));
  return service_.shared("ec2", "DescribeSecurityGroups", input, "SecurityGroups", budget);
}

/// Whoever has a network interface in a group that is let in, is let in. Functions have addresses that come
/// and go, in a group of their own, which may be without any while none of them runs.
std::vector<std::string> Quarantine::members_besides_us(const std::string& group, std::set<std::string>& us,
                                                        const Budget& budget) {
  std::vector<std::string> others;
  const bool of_functions = std::ranges::find(settings_.groups, group) != settings_.groups.end();
  if (of_functions) us.insert(group);
  for (const Json& each :
       service_.all("ec2", "DescribeNetworkInterfaces", {{"Filters", {filter("group-id", group)}}},
                    "NetworkInterfaces", budget)) {
    const auto address = text(each, "PrivateIpAddress");
    if (of_functions && text(each, "InterfaceType") == "lambda") continue;
    if (is_ours(address))
      us.insert(address);
    else
      others.push_back(fmt::format("{} ({})", address, text(each, "NetworkInterfaceId")));
  }
  return others;
}

QuarantineGroup Quarantine::look(const std::string& vpc, int port, const Budget& budget) {
  const auto groups = found(vpc, budget);
  if (groups.size() != 1)
    return {{},
            {settings_.quarantine_group.empty()
                 ? fmt::format("{} security groups of {} have the tag {}=true: there must be one",
                               groups.size(), vpc, usual_tag)
                 : fmt::format("{} is no security group of {}", settings_.quarantine_group, vpc)},
            {},
            {}};
  QuarantineGroup out{text(groups[0], "GroupId"), {}, {}, {}};
  const auto lets_in = [&](const std::string& who) {
    out.faults.push_back(
        fmt::format("{} lets in {}, which is not us: {} (DBREFRESH_ADDRESSES says otherwise)", out.id, who,
                    who_we_are().empty() ? "this host's addresses are not known" : "we are " + who_we_are()));
  };
  for (const Json& permission : part(groups[0], "IpPermissions")) {
    const bool fits = covers(permission, port);
    for (const auto& [list, member] : {std::pair{"IpRanges", "CidrIp"}, std::pair{"Ipv6Ranges", "CidrIpv6"}})
      for (const Json& range : part(permission, list)) {
        const auto address = single(text(range, member));
        if (!is_ours(address)) lets_in(text(range, member));
        if (is_ours(address) && fits) out.admitted.insert(address);
      }
    for (const Json& list : part(permission, "PrefixListIds")) lets_in(text(list, "PrefixListId"));
    for (const Json& pair : part(permission, "UserIdGroupPairs")) {
      std::set<std::string> us;
      for (const auto& other : members_besides_us(text(pair, "GroupId"), us, budget))
        lets_in(fmt::format("{}, which has {}", text(pair, "GroupId"), other));
      if (fits) out.admitted.merge(us);
    }
  }
  if (out.admitted.empty())
    out.faults.push_back(fmt::format("{} does not let us ({}) in to port {}", out.id, who_we_are(), port));
  if (std::ranges::any_of(part(groups[0], "IpPermissionsEgress"), leads_out))
    out.warnings.push_back(fmt::format(
        "{} lets a copy out: jobs and links that it has of its source may reach others while it is closed",
        out.id));
  return out;
}

std::string Quarantine::must_have(const std::string& vpc, int port, const Budget& budget) {
  const auto group = look(vpc, port, budget);
  if (!group.faults.empty())
    throw base::Error(
        "QuarantineUnsafe", base::join(group.faults, "; "),
        "name a security group that lets in the address of this host alone: --quarantine-group, "
        "or the tag refresh-quarantine=true");
  return group.id;
}

}  // namespace provider::aws
