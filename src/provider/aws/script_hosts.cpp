#include "provider/aws/script_hosts.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "provider/aws/script_text.h"

namespace provider::aws {
namespace {

using State = ScriptCourse::State;

constexpr auto longest_question = std::chrono::seconds(15);
/// A command that no agent has fetched by then never begins (TimeoutSeconds).
constexpr int delivery_seconds = 600;
/// As long as the step may take: AWS-RunShellScript ends it then (its parameter executionTimeout).
constexpr std::chrono::hours execution(24);
constexpr std::size_t most_said = 2000;

/// Statuses of an invocation (API reference, GetCommandInvocation): these will change.
bool is_under_way(const std::string& status) {
  for (const char* each : {"Pending", "InProgress", "Delayed", "Cancelling", "Delivered"})
    if (status == each) return true;
  return false;
}

std::string last_of(std::string text) {
  if (text.size() > most_said) text.erase(0, text.size() - most_said);
  return std::string(base::trim(text));
}

/// "Failed on i-1, exit code 1: …"; the details say more than the status: DeliveryTimedOut, Undeliverable.
std::string course_of(const Json& invocation, const std::string& host) {
  const auto details = text(invocation, "StatusDetails");
  auto out = fmt::format("{} on {}", details.empty() ? text(invocation, "Status") : details, host);
  if (const auto code = number(invocation, "ResponseCode"); code > 0)
    out += fmt::format(", exit code {}", code);
  if (const auto said = last_of(text(invocation, "StandardErrorContent")); !said.empty()) out += ": " + said;
  return out;
}

}  // namespace

std::vector<ManagedHost> managed_hosts(Service& service, const Budget& budget) {
  const Json filter = {{"Key", fmt::format("tag:{}", host_tag)}, {"Values", {host_name}}};
  std::vector<ManagedHost> hosts;
  for (const Json& each : service.all("ssm", "DescribeInstanceInformation", {{"Filters", {filter}}},
                                      "InstanceInformationList", budget))
    hosts.push_back({text(each, "InstanceId"), text(each, "IPAddress"), text(each, "PlatformType"),
                     text(each, "PingStatus")});
  return hosts;
}

std::string objection_to_hosts(const std::vector<ManagedHost>& hosts) {
  if (hosts.size() != 1)
    return fmt::format("{} instances with the tag {}={} are known to Systems Manager: there must be one",
                       hosts.size(), host_tag, host_name);
  const auto& host = hosts[0];
  if (host.ping != "Online")
    return fmt::format("{} ({}={}) is {} to Systems Manager: start it, and its agent", host.id, host_tag,
                       host_name, host.ping);
  if (host.platform != "Linux")
    return fmt::format("{} ({}={}) is a host of {}, and scripts are run by a shell of Linux", host.id,
                       host_tag, host_name, host.platform);
  return "";
}

std::string ScriptHosts::begin(const ScriptOrder& order) {
  const auto database = databases_.get(order.database);
  if (!database)
    throw base::Error("DBInstanceNotFound",
                      fmt::format("there is no database with the resource id {}", order.database));
  const auto budget = service_.own_budget(longest_question);
  const auto hosts = managed_hosts(service_, budget);
  if (const auto objection = objection_to_hosts(hosts); !objection.empty())
    throw base::Error("NoScriptHost", objection);
  const Json answer =
      service_.call("ssm", "SendCommand",
                    {{"DocumentName", script_document},
                     {"InstanceIds", {hosts[0].id}},
                     {"Comment", order.name},
                     {"TimeoutSeconds", delivery_seconds},
                     {"Parameters",
                      {{"commands", Json::array({script_text(order, *database)})},
                       {"executionTimeout", {std::to_string(std::chrono::seconds(execution).count())}}}}},
                    budget);
  return text(part(answer, "Command"), "CommandId") + "@" + hosts[0].id;
}

/// All that may belong to a step that is not over yet.
std::vector<Json> ScriptHosts::commands() {
  const auto since = service_.clock().now() - execution - std::chrono::hours(1);
  return service_.all("ssm", "ListCommands",
                      {{"Filters",
                        {{{"key", "DocumentName"}, {"value", script_document}},
                         {{"key", "InvokedAfter"}, {"value", base::iso_utc(since)}}}}},
                      "Commands", service_.own_budget(longest_question));
}

std::optional<std::string> ScriptHosts::find(const std::string& name) {
  for (const Json& each : commands())
    if (text(each, "Comment") == name && !part(each, "InstanceIds").empty())
      return text(each, "CommandId") + "@" + each["InstanceIds"][0].get<std::string>();
  return std::nullopt;
}

/// An invocation shows a moment after its command.
ScriptCourse ScriptHosts::look(const std::string& id) {
  const auto at = id.find('@');
  const auto host = id.substr(at + 1);
  Json invocation;
  try {
    invocation =
        service_.call("ssm", "GetCommandInvocation", {{"CommandId", id.substr(0, at)}, {"InstanceId", host}},
                      service_.own_budget(longest_question));
  } catch (const base::Error& error) {
    if (error.code != "InvocationDoesNotExist") throw;
    return {State::under_way, "not on " + host + " yet"};
  }
  const auto status = text(invocation, "Status");
  if (is_under_way(status)) return {State::under_way, fmt::format("{} on {}", status, host)};
  return {status == "Success" ? State::succeeded : State::failed, course_of(invocation, host)};
}

void ScriptHosts::cancel(const std::string& names) {
  for (const Json& each : commands())
    if (text(each, "Comment").starts_with(names) && is_under_way(text(each, "Status")))
      service_.call("ssm", "CancelCommand", {{"CommandId", text(each, "CommandId")}},
                    service_.own_budget(longest_question));
}

}  // namespace provider::aws
