#include "deploy/stack.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "provider/aws/stores.h"

namespace deploy {
namespace {

using base::Error;
using provider::aws::part;
using provider::aws::text;

constexpr const char* cloudformation = "cloudformation";
constexpr const char* review = "REVIEW_IN_PROGRESS";
constexpr auto look_again = std::chrono::seconds(3);
/// How CloudFormation says that there is nothing to change (no code of its own).
constexpr std::string_view nothing_to_do[] = {"didn't contain changes", "No updates are to be performed"};

bool says_nothing_to_do(const std::string& reason) {
  return std::ranges::any_of(nothing_to_do,
                             [&](std::string_view each) { return reason.find(each) != std::string::npos; });
}

Json parameters_of(const Parameters& given, const std::optional<Json>& stack,
                   const std::function<bool(const std::string&)>& is_parameter) {
  Json all = Json::array();
  for (const auto& [key, value] : given) all.push_back({{"ParameterKey", key}, {"ParameterValue", value}});
  if (!stack) return all;
  for (const Json& each : part(*stack, "Parameters")) {
    const auto key = text(each, "ParameterKey");
    if (!given.contains(key) && is_parameter(key))
      all.push_back({{"ParameterKey", key}, {"UsePreviousValue", true}});
  }
  return all;
}

bool is_over(const std::string& status) {
  return !status.ends_with("_IN_PROGRESS");
}

bool is_well(const std::string& status) {
  return status == "CREATE_COMPLETE" || status == "UPDATE_COMPLETE";
}

}  // namespace

Json Stack::ask(const std::string& operation, Json input) {
  return provider::aws::Asker(service_).ask(cloudformation, operation, std::move(input));
}

std::optional<Json> Stack::find() {
  try {
    const Json answer = ask("DescribeStacks", {{"StackName", name_}});
    const Json& stacks = part(answer, "Stacks");
    if (stacks.empty()) return std::nullopt;
    return stacks[0];
  } catch (const Error& error) {
    // CloudFormation has no code for it (API reference, DescribeStacks).
    if (error.code != "ValidationError" || error.message.find("does not exist") == std::string::npos) throw;
    return std::nullopt;
  }
}

std::vector<Change> Stack::changes(const std::string& set, const std::string& of) {
  std::vector<Change> all;
  for (const Json& each : service_.all(cloudformation, "DescribeChangeSet", {{"ChangeSetName", set}},
                                       "Changes", service_.own_budget())) {
    const Json& change = part(each, "ResourceChange");
    const auto resource = text(change, "LogicalResourceId");
    all.push_back(
        {of, resource, text(change, "ResourceType"), text(change, "Action"), text(change, "Replacement")});
    if (const auto nested = text(change, "ChangeSetId"); !nested.empty())
      std::ranges::move(changes(nested, of + "/" + resource), std::back_inserter(all));
  }
  return all;
}

ChangeSet Stack::propose(const std::string& template_url, const Parameters& parameters,
                         const std::string& name,
                         const std::function<bool(const std::string&)>& is_parameter) {
  auto stack = find();
  if (stack && text(*stack, "StackStatus") == review) stack.reset();  // nothing of it was ever made
  const Json made = ask("CreateChangeSet", {{"StackName", name_},
                                            {"ChangeSetName", name},
                                            {"ChangeSetType", stack ? "UPDATE" : "CREATE"},
                                            {"TemplateURL", template_url},
                                            {"Capabilities", {"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"}},
                                            {"IncludeNestedStacks", true},
                                            {"Parameters", parameters_of(parameters, stack, is_parameter)}});
  ChangeSet set{.id = made.at("Id"), .changes = {}};
  while (true) {
    const Json seen = ask("DescribeChangeSet", {{"ChangeSetName", set.id}});
    const auto status = text(seen, "Status"), reason = text(seen, "StatusReason");
    if (status == "FAILED" && !says_nothing_to_do(reason)) {
      drop(set);
      throw Error("StackRefused", fmt::format("CloudFormation would not change stack {}: {}", name_, reason));
    }
    if (status == "CREATE_COMPLETE") set.changes = changes(set.id, name_);
    if (is_over(status) && status != "CREATE_PENDING") return set;
    service_.clock().sleep_until(service_.clock().now() + look_again, {});
  }
}

void Stack::drop(const ChangeSet& set) {
  ask("DeleteChangeSet", {{"ChangeSetName", set.id}});
  const auto stack = find();
  if (stack && text(*stack, "StackStatus") == review) ask("DeleteStack", {{"StackName", name_}});
}

/// Those after this one, oldest first.
std::vector<Json> Stack::events(const std::string& stack, const std::string& after) {
  std::vector<Json> all;
  Json input = {{"StackName", stack}};
  while (true) {
    const Json page = ask("DescribeStackEvents", input);
    for (const Json& each : part(page, "StackEvents")) {
      if (text(each, "EventId") == after) {
        std::ranges::reverse(all);
        return all;
      }
      all.push_back(each);
    }
    const auto next = text(page, "NextToken");
    if (next.empty()) break;
    input["NextToken"] = next;
  }
  std::ranges::reverse(all);
  return all;
}

/// Of what failed first, in a stack that it has if that is where it did.
std::string Stack::reason(const std::string& stack, const std::string& since) {
  for (const Json& each : events(stack, since)) {
    if (!text(each, "ResourceStatus").ends_with("_FAILED")) continue;
    const auto id = text(each, "PhysicalResourceId");
    if (text(each, "ResourceType") == "AWS::CloudFormation::Stack" && !id.empty() && id != stack)
      if (const auto inner = reason(id, ""); !inner.empty()) return inner;
    return fmt::format("{}: {}", text(each, "LogicalResourceId"), text(each, "ResourceStatusReason"));
  }
  return "";
}

void Stack::carry_out(const ChangeSet& set, const std::function<void(const Json& event)>& tell,
                      const std::stop_token& stop) {
  const auto before = events(name_, "");
  const auto since = before.empty() ? std::string() : text(before.back(), "EventId");
  auto seen = since;
  ask("ExecuteChangeSet", {{"ChangeSetName", set.id}});
  while (true) {
    const auto stack = find();  // before its last events are read
    for (const Json& each : events(name_, seen)) {
      seen = text(each, "EventId");
      tell(each);
    }
    const auto status = stack ? text(*stack, "StackStatus") : "DELETE_COMPLETE";
    if (stack && is_over(status) && seen != since) {
      if (is_well(status)) return;
      const auto why = reason(text(*stack, "StackId"), since);
      throw Error("StackFailed",
                  fmt::format("stack {} is {}{}{}", name_, status, why.empty() ? "" : ": ", why),
                  "mend that, and: dbrefresh deploy; one that is ROLLBACK_COMPLETE is to be deleted first");
    }
    if (!service_.clock().sleep_until(service_.clock().now() + look_again, stop))
      throw Error("Interrupted", fmt::format("CloudFormation goes on with stack {} by itself", name_),
                  "dbrefresh deploy shows what came of it");
  }
}

}  // namespace deploy
