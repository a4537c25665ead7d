// package, deploy.
#include <fmt/format.h>
#include <unistd.h>

#include <iostream>

#include "base/error.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/signals.h"
#include "deploy/deployment.h"
#include "refresh/launch.h"
#include "runs/amazon_world.h"

namespace cli {
namespace {

using base::Error;
using base::Json;

void declare_parts(Arguments& arguments, deploy::Parts& parts) {
  arguments.add("--templates", parts.templates, "folder of the templates (default: those of this program)");
  arguments.add(
      "--functions", parts.functions,
      "folder of dbrefresh-x86_64.zip and dbrefresh-arm64.zip (default: as make lambda makes them)");
}

struct PackageArgs {
  deploy::Parts parts;
  std::string out;
  bool dry_run = false;
};

Json view_of(const deploy::Package& package) {
  Json files = Json::array();
  for (const auto& [key, text] : package.files) files.push_back({{"key", key}, {"bytes", text.size()}});
  return {{"release", package.release}, {"architectures", package.architectures}, {"files", files}};
}

void print_files(const deploy::Package& package) {
  for (const auto& [key, text] : package.files)
    std::cout << fmt::format("{:>10}  {}\n", base::human_bytes(text.size()), key);
}

Body set_up_package(Arguments& arguments, const Options& options) {
  auto args = std::make_shared<PackageArgs>();
  declare_parts(arguments, args->parts);
  arguments.add("--out", args->out, "folder that gets what the bucket is to have").required();
  arguments.flag("--dry-run", args->dry_run, "show what it gets, and write nothing");
  return [args, &options] {
    const auto package = deploy::make_package(args->parts);
    if (!args->dry_run) deploy::write(package, args->out);
    if (options.json) {
      print_json(view_of(package));
      return Exit::done;
    }
    print_files(package);
    std::cout << fmt::format("release {}{}\n", package.release,
                             args->dry_run ? "" : fmt::format(": aws s3 sync {} s3://BUCKET", args->out));
    return Exit::done;
  };
}

struct DeployArgs {
  deploy::Parts parts;
  deploy::Target target;
  std::vector<std::string> parameters;
  bool yes = false, dry_run = false;
};

/// KEY=VALUE each.
deploy::Parameters parse(const std::vector<std::string>& said) {
  deploy::Parameters all;
  for (const auto& each : said) {
    const auto equals = each.find('=');
    if (equals == 0 || equals == std::string::npos)
      throw Error("BadInput", fmt::format("--parameter: '{}' is not NAME=VALUE", each));
    all[each.substr(0, equals)] = each.substr(equals + 1);
  }
  return all;
}

void print_changes(const std::vector<deploy::Change>& changes) {
  std::vector<std::vector<std::string>> rows = {{"ACTION", "STACK", "RESOURCE", "TYPE", "REPLACED"}};
  for (const auto& each : changes)
    rows.push_back({each.action, each.stack, each.resource, each.type,
                    each.replacement.empty() ? "-" : each.replacement});
  std::cout << table(rows);
}

/// Whoever is not at a terminal says --yes.
bool may_go_on(const DeployArgs& args) {
  if (args.yes) return true;
  if (::isatty(STDIN_FILENO) == 0) {
    std::cerr << "nothing was changed\nhint: --yes carries it out\n";
    return false;
  }
  std::cout << "carry this out? [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "yes";
}

Json outputs_of(const std::optional<Json>& stack) {
  Json all = Json::object();
  if (!stack) return all;
  for (const Json& each : stack->value("Outputs", Json::array()))
    all[each.at("OutputKey").get<std::string>()] = each.at("OutputValue");
  return all;
}

void print_plan(const deploy::Package& package, const std::string& url,
                const deploy::Parameters& parameters) {
  print_files(package);
  std::cout << fmt::format("template {}\n", url);
  for (const auto& [name, value] : parameters) std::cout << fmt::format("  {} = {}\n", name, value);
}

int finish(const Json& outputs, const Options& options) {
  if (options.json) {
    print_json({{"outputs", outputs}});
    return Exit::done;
  }
  for (const auto& [name, value] : outputs.items())
    std::cout << fmt::format("{:<20} {}\n", name, value.get<std::string>());
  return Exit::done;
}

int deploy_to(runs::AmazonAccount& account, DeployArgs& args, const Options& options,
              const std::stop_token& stop) {
  args.target.parameters = parse(args.parameters);
  const auto package = deploy::make_package(args.parts);
  deploy::Stack stack(account.service(), args.target.stack);
  const auto parameters = deploy::parameters_of(account, args.target, package, !stack.find().has_value());
  const auto url = deploy::template_url(account, args.target);
  if (args.dry_run) {
    if (options.json)
      print_json({{"package", view_of(package)}, {"template", url}, {"parameters", parameters}});
    else
      print_plan(package, url, parameters);
    return Exit::done;
  }
  deploy::upload(account, args.target.bucket, package, [&](const std::string& key) {
    if (!options.json) std::cout << fmt::format("upload s3://{}/{}\n", args.target.bucket, key) << std::flush;
  });
  const auto set =
      stack.propose(url, parameters, "dbrefresh-" + refresh::run_stamp(account.service().clock().now()),
                    [&](const std::string& name) { return deploy::has_parameter(package, name); });
  if (set.changes.empty()) {
    stack.drop(set);
    if (!options.json) std::cout << fmt::format("stack {} is as it is to be\n", args.target.stack);
    return finish(outputs_of(stack.find()), options);
  }
  if (!options.json) print_changes(set.changes);
  if (!may_go_on(args)) {
    stack.drop(set);
    return Exit::bad_input;
  }
  stack.carry_out(
      set,
      [&](const Json& event) {
        if (!options.json)
          std::cout << fmt::format("{:<32} {:<28} {}\n", event.value("ResourceStatus", ""),
                                   event.value("LogicalResourceId", ""),
                                   event.value("ResourceStatusReason", ""))
                    << std::flush;
      },
      stop);
  return finish(outputs_of(stack.find()), options);
}

int deploy_as(DeployArgs& args, Options options) {
  options.provider = "aws";
  Signals signals;
  base::SystemClock clock;
  const auto account = runs::open_amazon_account(whereabouts(options), clock);
  return deploy_to(*account, args, options, signals.token());
}

Body set_up_deploy(Arguments& arguments, const Options& options) {
  auto args = std::make_shared<DeployArgs>();
  declare_parts(arguments, args->parts);
  arguments.add("--bucket", args->target.bucket, "bucket of the Region that gets the package").required();
  arguments.add("--stack", args->target.stack, "name of the stack (default: awssoldb)");
  arguments.add(
      "--parameter", args->parameters,
      "NAME=VALUE of the stack (deploy/README.md); the network is that of the default VPC otherwise");
  arguments.flag("--yes", args->yes, "carry the changes out without asking");
  arguments.flag("--dry-run", args->dry_run, "show package and parameters, and change nothing");
  return [args, &options] { return deploy_as(*args, options); };
}

}  // namespace

std::span<const Command> deploy_commands() {
  static constexpr Command commands[] = {
      {"package", "write what refreshes by Step Functions are deployed from", set_up_package},
      {"deploy", "make or change the stack of CloudFormation that refreshes", set_up_deploy},
  };
  return commands;
}

}  // namespace cli
