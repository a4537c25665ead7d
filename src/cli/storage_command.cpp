// local init, local snapshot, local backup: what databases are kept on and made of.
#include <fmt/format.h>

#include <iostream>

#include "base/error.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/output.h"
#include "provider/local/volume.h"
#include "runs/housekeeping.h"
#include "runs/view.h"

namespace cli {
namespace {

using base::Error;
using base::Json;

void list_snapshots(runs::LocalWorld& world, bool json) {
  static constexpr Column columns[] = {{"SNAPSHOT", "name"}, {"OF", "of"},
                                       {"ENGINE", "engine"}, {"DATA OF (UTC)", "dataTime"},
                                       {"SIZE", "bytes"},    {"AUTOMATED", "automated"}};
  Json snapshots = snapshots_view(world);
  if (!json)
    for (Json& each : snapshots) each["bytes"] = base::human_bytes(each["bytes"]);
  print_rows(snapshots, columns, json);
}

struct SnapshotArgs {
  std::string action, name, of;
};

void delete_snapshot(runs::LocalWorld& world, const std::string& name, bool json) {
  world.databases.remove_snapshot(name);
  if (json)
    print_json(Json::array({name}));
  else
    std::cout << fmt::format("snapshot {} is deleted\n", name);
}

void create_snapshot(runs::LocalWorld& world, const SnapshotArgs& args, bool json) {
  if (args.of.empty()) throw Error("BadInput", "snapshot create needs --of INSTANCE");
  const auto made = world.databases.create_snapshot(must_find_database(world, args.of).id, args.name,
                                                    world.budget(24 * 60));
  if (json)
    print_json(snapshot_view(world, made));
  else
    std::cout << fmt::format("snapshot {} of {} is made\n", made.name, args.of);
}

void snapshot(const SnapshotArgs& args, const Options& options) {
  using provider::local::Opening;
  const bool looks = args.action == "list";
  runs::LocalWorld world(options.home, looks ? Opening::to_look : Opening::to_change);
  if (looks) return list_snapshots(world, options.json);
  if (args.name.empty()) throw Error("BadInput", fmt::format("snapshot {} needs a NAME", args.action));
  if (args.action == "delete") return delete_snapshot(world, args.name, options.json);
  create_snapshot(world, args, options.json);
}

Body set_up_snapshot(Arguments& arguments, const Options& options) {
  auto args = std::make_shared<SnapshotArgs>();
  arguments.add("ACTION", args->action, "create, list or delete")
      .required()
      .one_of({"create", "list", "delete"});
  arguments.add("NAME", args->name, "name of the snapshot");
  arguments.add("--of", args->of, "create: the instance or cluster, which must be running");
  return [args, &options] {
    snapshot(*args, options);
    return 0;
  };
}

Json back_up(runs::LocalWorld& world, const provider::Database& database) {
  try {
    return runs::done_view(database.name, world.databases.back_up(database.id, world.budget(24 * 60)).name,
                           "");
  } catch (const Error& error) {
    return runs::done_view(database.name, "", to_string(error));
  }
}

/// All that run and keep their log.
Json back_up_all(runs::LocalWorld& world) {
  Json all = Json::array();
  for (const auto& each : world.databases.find({})) {
    if (!world.databases.keeps_log(each.id)) continue;
    const auto now = world.databases.get(each.id);  // of an adopted server, with its status
    if (now && now->status == "available") all.push_back(back_up(world, *now));
  }
  world.databases.renew_certificates(world.budget(10), [&](const std::string& name, const Error& error) {
    all.push_back(runs::done_view(name, "", to_string(error)));
  });
  return all;
}

Body set_up_backup(Arguments& arguments, const Options& options) {
  struct Args {
    std::string name;
    bool all = false;
  };
  auto args = std::make_shared<Args>();
  const auto name = arguments.add("NAME", args->name, "instance or cluster");
  arguments.flag("--all", args->all, "all that run and keep their log").excludes(name);
  return [args, &options]() -> int {
    using provider::local::Opening;
    runs::LocalWorld world(options.home, args->all ? Opening::to_work : Opening::to_change);
    if (!args->all && args->name.empty()) throw Error("BadInput", "local backup needs a NAME or --all");
    const Json all =
        args->all ? back_up_all(world) : Json::array({back_up(world, must_find_database(world, args->name))});
    runs::send_notices(world);
    return print_done(all, "was put by as", options.json);
  };
}

Body set_up_init(Arguments& arguments, const Options& options) {
  auto bytes = std::make_shared<std::uint64_t>(0);
  arguments
      .size(
          "--volume", *bytes,
          "make a file system that shares blocks, in a file of this size (20G) in the home; needs root once, "
          "and again after a reboot")
      .required();
  return [bytes, &options] {
    const auto root =
        os::fs::absolute(options.home.empty() ? provider::local::default_home() : os::fs::path(options.home));
    provider::local::make_volume(root, *bytes);
    const runs::LocalWorld world(options.home);
    if (options.json)
      print_json({{"storage", world.home.storage.string()}});
    else
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

}  // namespace cli
