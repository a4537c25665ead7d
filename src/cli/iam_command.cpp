// iam policy.
#include "base/error.h"
#include "cli/command.h"
#include "cli/output.h"
#include "runs/iam_policy.h"

namespace cli {
namespace {

int iam_policy(const std::vector<std::string>& paths, const Options& options) {
  if (options.provider != "aws")
    throw base::Error("BadInput", "a policy is for --provider aws", "dbrefresh --provider aws iam policy");
  print_json(runs::iam_policy(options.home, whereabouts(options), paths));
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
