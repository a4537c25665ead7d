// local init, local snapshot, local backup: what databases are kept on and made of.
#include <fmt/format.h>

#include <iostream>

#include "app/command.h"
#include "app/world.h"
#include "base/error.h"
#include "base/text.h"
#include "provider/local/volume.h"

namespace app {
namespace {

using base::Error;
using base::Json;

void list_snapshots(World& world, bool json) {
  std::vector<std::vector<std::string>> lines = {
      {"SNAPSHOT", "OF", "ENGINE", "DATA OF (UTC)", "SIZE", "AUTOMATED"}};
  Json list = Json::array();
  for (const auto& each : world.databases.snapshots()) {
    const auto bytes = os::tree_bytes(world.home.snapshot(each.id));
    lines.push_back({each.name, each.origin.name, each.origin.engine, base::ledger_utc(each.data_time),
                     base::human_bytes(bytes), each.automated ? "yes" : "no"});
    list.push_back({{"name", each.name},
                    {"of", each.origin.name},
                    {"engine", each.origin.engine},
                    {"dataTime", base::ledger_utc(each.data_time)},
                    {"bytes", bytes},
                    {"automated", each.automated}});
  }
  std::cout << (json ? list.dump() + "\n" : table(lines));
}

Body set_up_snapshot(CLI::App& command, const Options& options) {
  struct Args {
    std::string action, name, of;
  };
  auto args = std::make_shared<Args>();
  command.add_option("ACTION", args->action, "create, list or delete")
      ->required()
      ->check(CLI::IsMember({"create", "list", "delete"}));
  command.add_option("NAME", args->name, "name of the snapshot");
  command.add_option("--of", args->of, "create: the instance or cluster, which must be running");
  return [args, &options] {
    World world(options.home);
    if (args->action == "list") {
      list_snapshots(world, options.json);
      return 0;
    }
    if (args->name.empty()) throw Error("BadInput", fmt::format("snapshot {} needs a NAME", args->action));
    if (args->action == "delete") {
      world.databases.remove_snapshot(args->name);
      return 0;
    }
    if (args->of.empty()) throw Error("BadInput", "snapshot create needs --of INSTANCE");
    world.databases.create_snapshot(must_find_database(world, args->of).id, args->name, false,
                                    world.budget(24 * 60));
    return 0;
  };
}

Body set_up_backup(CLI::App& command, const Options& options) {
  struct Args {
    std::string name;
    bool all = false;
  };
  auto args = std::make_shared<Args>();
  auto* name = command.add_option("NAME", args->name, "instance or cluster");
  command.add_flag("--all", args->all, "all that run and keep their log")->excludes(name);
  return [args, &options] {
    World world(options.home);
    if (!args->all) {
      if (args->name.empty()) throw Error("BadInput", "local backup needs a NAME or --all");
      world.databases.back_up(must_find_database(world, args->name).id, world.budget(24 * 60));
      return 0;
    }
    int code = 0;
    for (const auto& each : world.databases.list()) {
      if (!world.databases.keeps_log(each.id) || each.status != "available") continue;
      try {
        std::cout << each.name << ": " << world.databases.back_up(each.id, world.budget(24 * 60)).name
                  << "\n";
      } catch (const Error& error) {
        std::cerr << fmt::format("{}: {}\n", each.name, to_string(error));
        code = Exit::failed;
      }
    }
    return code;
  };
}

Body set_up_init(CLI::App& command, const Options& options) {
  auto bytes = std::make_shared<std::uint64_t>(0);
  command
      .add_option("--volume", *bytes,
                  "make a file system that shares blocks, in a file of this size (20G) in the home; needs "
                  "root once, and again after a reboot")
      ->required()
      ->transform(CLI::AsSizeValue(false));
  return [bytes, &options] {
    const auto root =
        os::fs::absolute(options.home.empty() ? provider::local::default_home() : os::fs::path(options.home));
    provider::local::make_volume(root, *bytes);
    const World world(options.home);
    std::cout << fmt::format("{} is ready; copies in it share their blocks\n", world.home.storage.string());
    return 0;
  };
}

}  // namespace

std::span<const Command> storage_commands() {
  static constexpr Command commands[] = {
      {"init", "give this home a volume of its own for copies on write", set_up_init},
      {"snapshot", "create, list or delete snapshots", set_up_snapshot},
      {"backup", "make an automated snapshot, and drop what is older than the retention; for a daily timer",
       set_up_backup},
  };
  return commands;
}

}  // namespace app
