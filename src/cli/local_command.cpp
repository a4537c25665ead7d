// local list, start, stop, delete.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "base/error.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/output.h"
#include "runs/view.h"

namespace cli {
namespace {

using base::Error;
using base::Json;

/// Rows of the table of databases: what people read as one is one member.
Json for_people(Json databases) {
  for (Json& each : databases) {
    std::vector<std::string> tags;
    for (const auto& [key, value] : each["tags"].items())
      tags.push_back(key + "=" + value.get<std::string>());
    each["tags"] = base::join(tags, " ");
    each["bytes"] = base::human_bytes(each["bytes"]);
    if (each["restorableFrom"].is_string())
      each["restorableFrom"] =
          fmt::format("{} to {}", cell(each["restorableFrom"]), cell(each["restorableTo"]));
    if (each["logFault"].is_string())  // less can be restored than was asked for: why
      each["restorableFrom"] =
          fmt::format("{} ({})", each["restorableFrom"].is_string() ? cell(each["restorableFrom"]) : "never",
                      cell(each["logFault"]));
    if (each["host"] != "127.0.0.1")
      each["port"] = fmt::format("{}:{}", cell(each["host"]), cell(each["port"]));
    each["engine"] = fmt::format("{} {}", cell(each["engine"]), cell(each["version"]));
  }
  return databases;
}

Body set_up_local_list(Arguments&, const Options& options) {
  return [&options] {
    static constexpr Column columns[] = {{"NAME", "name"},
                                         {"ROLE", "role"},
                                         {"STATUS", "status"},
                                         {"PORT", "port"},
                                         {"OPEN", "open"},
                                         {"SIZE", "bytes"},
                                         {"RESTORABLE (UTC)", "restorableFrom"},
                                         {"ENGINE", "engine"},
                                         {"ID", "id"},
                                         {"TAGS", "tags"}};
    runs::LocalWorld world(options.home, provider::local::Opening::to_look);
    const Json databases = databases_view(world);
    print_rows(options.json ? databases : for_people(databases), columns, options.json);
    return 0;
  };
}

int start_all(runs::LocalWorld& world, bool json) {
  Json all = Json::array();
  for (const auto& started :
       world.databases.start_all(world.budget(10), [&](const std::string&failed, const Error&error) {
         all.push_back(runs::done_view(failed, "", to_string(error)));
       }))
    all.push_back(runs::done_view(started, "started", ""));
  return print_done(all, "is", json);
}

/// A database after what was done with it.
void print_after(runs::LocalWorld& world, const std::string& id, bool json) {
  const auto now = world.databases.get(id);
  if (!now) return;
  if (json)
    print_json(database_view(world, *now));
  else
    std::cout << fmt::format("{} is {}\n", now->name, now->status);
}

void bring_to(runs::LocalWorld& world, const std::string& id, bool running) {
  const auto budget = world.budget(10);
  provider::local::finished(budget,
                            [&] { return world.databases.make_so(id, {.running = running}, budget); });
}

Body set_up_start(Arguments& arguments, const Options& options) {
  struct Args {
    std::string name;
    bool all = false;
  };
  auto args = std::make_shared<Args>();
  const auto name = arguments.add("NAME", args->name, "instance");
  arguments.flag("--all", args->all, "every instance that was not stopped on purpose, as after a reboot")
      .excludes(name);
  return [args, &options]() -> int {
    using provider::local::Opening;
    runs::LocalWorld world(options.home, args->all ? Opening::to_work : Opening::to_change);
    if (args->all) return start_all(world, options.json);
    if (args->name.empty()) throw Error("BadInput", "local start needs a NAME or --all");
    const auto id = must_find_database(world, args->name).id;
    bring_to(world, id, true);
    print_after(world, id, options.json);
    return Exit::done;
  };
}

Body set_up_stop(Arguments& arguments, const Options& options) {
  auto name = std::make_shared<std::string>();
  arguments.add("NAME", *name, "instance").required();
  return [name, &options] {
    runs::LocalWorld world(options.home, provider::local::Opening::to_change);
    const auto id = must_find_database(world, *name).id;
    bring_to(world, id, false);
    print_after(world, id, options.json);
    return 0;
  };
}

/// Of a cluster, its instances first: readers, then the writer.
void delete_database(runs::LocalWorld& world, const provider::Database& database) {
  std::vector<provider::Database> doomed;
  for (const auto& id : database.members)
    if (auto found = world.databases.get(id)) doomed.push_back(*std::move(found));
  std::ranges::stable_sort(doomed, {}, &provider::Database::writer);
  doomed.push_back(database);
  const auto budget = world.budget(10);
  for (const auto& each : doomed)
    provider::local::finished(budget, [&] { return world.databases.remove(each.id, budget); });
}

/// What holds data of databases that are gone, or opened them.
void delete_remains(runs::LocalWorld& world) {
  for (const auto& each : world.databases.snapshots()) world.databases.remove_snapshot(each.name);
  for (const auto& name : world.secrets.names()) world.secrets.remove(name);
}

/// Of a database, the snapshots that go with it.
std::size_t backups_of(runs::LocalWorld& world, const provider::Database& database) {
  const auto all = world.databases.snapshots();
  return static_cast<std::size_t>(std::ranges::count_if(
      all, [&](const auto& each) { return each.automated && each.origin.id == database.id; }));
}

void must_be_deletable(runs::LocalWorld& world, const provider::Database& database) {
  const auto tag = database.tags.find("refresh");
  if (tag != database.tags.end() && tag->second == "true") return;
  throw Error(
      "BadInput",
      fmt::format("{} does not carry the tag refresh=true: it was not made by a refresh", database.name),
      world.databases.is_ours(database.id)
          ? fmt::format("--force deletes it, its data and its {} all the same",
                        base::counted(backups_of(world, database), "backup"))
          : "--force forgets it; the server stays as it is");
}

/// Names of what replicates from it and is not deleted with it.
std::vector<std::string> replicas_of(runs::LocalWorld& world, const provider::Database& database) {
  std::vector<std::string> names;
  for (const auto& each : world.databases.find({}))
    if (each.replica_of == database.id ||
        (database.writer && each.cluster == database.cluster && each.id != database.id))
      names.push_back(each.name);
  return names;
}

void must_have_no_replicas(runs::LocalWorld& world, const provider::Database& database) {
  const auto names = replicas_of(world, database);
  if (names.empty()) return;
  throw Error("BadInput", fmt::format("{} is replicated by {}", database.name, base::join(names, ", ")),
              "delete them first; --force leaves them as they are, with nothing to follow");
}

struct DeleteArgs {
  std::string name;
  bool named = false, force = false, all = false;
};

/// What is to go: of `--all`, whatever stands alone, and clusters.
std::vector<provider::Database> to_delete(runs::LocalWorld& world, const DeleteArgs& args) {
  if (!args.all && !args.named) throw Error("BadInput", "local delete needs a NAME or --all");
  if (args.all && !args.force)
    throw Error("BadInput",
                "--all deletes all databases, snapshots and secrets of this home: it needs --force");
  if (args.all) {
    auto all = world.databases.find({});
    std::erase_if(all, [](const provider::Database& each) { return !each.cluster.empty(); });
    return all;
  }
  auto found = must_find_database(world, args.name);
  if (!args.force) {
    must_be_deletable(world, found);
    must_have_no_replicas(world, found);
  }
  return {std::move(found)};
}

Body set_up_delete(Arguments& arguments, const Options& options) {
  auto args = std::make_shared<DeleteArgs>();
  const auto name = arguments.add("NAME", args->name, "instance, or cluster with its instances");
  arguments.flag("--force", args->force,
                 "also one without the tag refresh=true; of an adopted server, only its entry goes");
  arguments
      .flag("--all", args->all,
            "all databases, snapshots and secrets of this home; scripts, mail, runs and ledger stay; needs "
            "--force")
      .excludes(name);
  return [args, name, &options] {
    runs::LocalWorld world(options.home, provider::local::Opening::to_change);
    args->named = name.given();
    Json names = Json::array();
    for (const auto& each : to_delete(world, *args)) {
      const bool ours = world.databases.is_ours(each.id);
      const auto backups = backups_of(world, each);
      delete_database(world, each);
      names.push_back(each.name);
      if (!options.json)
        std::cout << fmt::format("{} is {}{}\n", each.name,
                                 ours ? "deleted" : "forgotten; the server is as it was",
                                 backups > 0 ? ", with " + base::counted(backups, "backup") : "");
    }
    if (args->all) delete_remains(world);
    if (options.json) print_json(names);
    return 0;
  };
}

}  // namespace

std::span<const Command> local_commands() {
  static constexpr Command commands[] = {
      {"list", "the instances", set_up_local_list},
      {"start", "start an instance, or all", set_up_start},
      {"stop", "stop an instance", set_up_stop},
      {"delete", "delete an instance and its data", set_up_delete},
  };
  return commands;
}

}  // namespace cli
