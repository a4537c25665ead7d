// iam policy.
#include <fmt/format.h>

#include <iostream>

#include "base/error.h"
#include "cli/command.h"
#include "cli/output.h"
#include "runs/iam_policy.h"

namespace cli {
namespace {

/// IAM counts without blanks (IAM User Guide, "IAM and AWS STS quotas").
void warn_of_size(std::size_t characters) {
  constexpr std::size_t managed = 6144, inline_of_role = 10'240;
  if (characters <= managed) return;
  std::cerr << fmt::format(
      "warning: the policy has {} characters; {}\n", characters,
      characters <= inline_of_role
          ? "a managed policy takes 6144, all inline policies of a role together 10240"
          : "all inline policies of a role together take 10240: make one of fewer files each, "
            "for several managed policies or roles");
}

int iam_policy(const std::vector<std::string>& paths, const Options& options) {
  if (options.provider != "aws")
    throw base::Error("BadInput", "a policy is for --provider aws", "dbrefresh --provider aws iam policy");
  const auto policy = runs::iam_policy(options.home, whereabouts(options), paths);
  print_json(policy);
  warn_of_size(policy.dump().size());
  return Exit::done;
}

Body set_up_policy(Arguments& arguments, const Options& options) {
  auto paths = std::make_shared<std::vector<std::string>>();
  arguments.add("FILE", *paths, "refresh files").required();
  return [paths, &options] { return iam_policy(*paths, options); };
}

}  // namespace

std::span<const Command> iam_commands() {
  static constexpr Command commands[] = {
      {"policy", "the least that IAM must allow for refresh files, as a policy document", set_up_policy},
  };
  return commands;
}

}  // namespace cli
