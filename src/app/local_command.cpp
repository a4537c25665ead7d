// local list, start, stop, delete.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "app/command.h"
#include "app/world.h"
#include "base/error.h"
#include "base/text.h"

namespace app {
namespace {

using base::Error;
using base::Json;

/// What an instance is to others: "writer of auposclud", "replica of app1"; "" if it stands alone.
std::string role_of(World& world, const provider::Database& database) {
  if (database.kind == provider::Kind::cluster) return "cluster";
  const std::string& other = database.cluster.empty() ? database.replica_of : database.cluster;
  const auto found = other.empty() ? std::nullopt : world.databases.get(other);
  if (!found) return "";
  return fmt::format("{} of {}",
                     database.writer            ? "writer"
                     : database.cluster.empty() ? "replica"
                                                : "reader",
                     found->name);
}

Body set_up_list(CLI::App&, const Options& options) {
  return [&options] {
    World world(options.home);
    std::vector<std::vector<std::string>> lines = {
        {"NAME", "ROLE", "STATUS", "PORT", "OPEN", "SIZE", "RESTORABLE FROM (UTC)", "ENGINE", "ID", "TAGS"}};
    Json list = Json::array();
    for (const auto& each : world.databases.list()) {
      std::vector<std::string> tags;
      for (const auto& [key, value] : each.tags) tags.push_back(key + "=" + value);
      const auto bytes = world.databases.bytes(each.id);
      const auto window = world.databases.window(each.id);
      lines.push_back({each.name, role_of(world, each), each.status, fmt::format("{}", each.port),
                       each.open ? "yes" : "no", base::human_bytes(bytes),
                       window ? base::ledger_utc(window->from) : "-",
                       fmt::format("{} {}", each.engine, each.version), each.id, base::join(tags, " ")});
      list.push_back({{"name", each.name},
                      {"kind", to_string(each.kind)},
                      {"role", role_of(world, each)},
                      {"id", each.id},
                      {"status", each.status},
                      {"host", each.host},
                      {"port", each.port},
                      {"open", each.open},
                      {"bytes", bytes},
                      {"restorableFrom", window ? Json(base::ledger_utc(window->from)) : Json()},
                      {"restorableTo", window ? Json(base::ledger_utc(window->to)) : Json()},
                      {"engine", each.engine},
                      {"version", each.version},
                      {"masterUser", each.master_user},
                      {"database", each.db_name},
                      {"tags", each.tags}});
    }
    std::cout << (options.json ? list.dump() + "\n" : table(lines));
    return 0;
  };
}

Body set_up_start(CLI::App& command, const Options& options) {
  struct Args {
    std::string name;
    bool all = false;
  };
  auto args = std::make_shared<Args>();
  auto* name = command.add_option("NAME", args->name, "instance");
  command.add_flag("--all", args->all, "every instance that was not stopped on purpose, as after a reboot")
      ->excludes(name);
  return [args, &options] {
    World world(options.home);
    if (!args->all) {
      if (args->name.empty()) throw Error("BadInput", "local start needs a NAME or --all");
      world.databases.start(must_find_database(world, args->name).id, world.budget(10));
      return 0;
    }
    int code = 0;
    for (const auto& started :
         world.databases.start_all(world.budget(10), [&](const std::string&failed, const Error&error) {
           std::cerr << fmt::format("{}: {}\n", failed, to_string(error));
           code = Exit::failed;
         }))
      std::cout << started << " is started\n";
    return code;
  };
}

Body set_up_stop(CLI::App& command, const Options& options) {
  auto name = std::make_shared<std::string>();
  command.add_option("NAME", *name, "instance")->required();
  return [name, &options] {
    World world(options.home);
    world.databases.stop(must_find_database(world, *name).id, world.budget(10));
    return 0;
  };
}

/// Of a cluster, its instances first: readers, then the writer.
void delete_database(World& world, const provider::Database& database) {
  std::vector<provider::Database> members;
  for (const auto& id : database.members)
    if (auto found = world.databases.get(id)) members.push_back(*std::move(found));
  std::ranges::stable_sort(members, {}, &provider::Database::writer);
  for (const auto& each : members) world.databases.remove(each.id, world.budget(10));
  world.databases.remove(database.id, world.budget(10));
}

void must_be_deletable(const provider::Database& database) {
  const auto tag = database.tags.find("refresh");
  if (tag != database.tags.end() && tag->second == "true") return;
  throw Error(
      "BadInput",
      fmt::format("{} does not carry the tag refresh=true: it was not made by a refresh", database.name),
      "--force deletes it and its data all the same");
}

Body set_up_delete(CLI::App& command, const Options& options) {
  struct Args {
    std::string name;
    bool force = false, all = false;
  };
  auto args = std::make_shared<Args>();
  auto* name = command.add_option("NAME", args->name, "instance, or cluster with its instances");
  command.add_flag("--force", args->force,
                   "also one without the tag refresh=true; of an adopted server, only its entry goes");
  command.add_flag("--all", args->all, "everything in this home; needs --force")->excludes(name);
  return [args, &options] {
    World world(options.home);
    if (!args->all) {
      if (args->name.empty()) throw Error("BadInput", "local delete needs a NAME or --all");
      const auto found = must_find_database(world, args->name);
      if (!args->force) must_be_deletable(found);
      delete_database(world, found);
      return 0;
    }
    if (!args->force) throw Error("BadInput", "--all deletes every database of this home: it needs --force");
    for (const auto& each : world.databases.list())
      if (each.cluster.empty()) delete_database(world, each);
    return 0;
  };
}
}  // namespace

std::span<const Command> local_commands() {
  static constexpr Command commands[] = {
      {"list", "the instances", set_up_list},
      {"start", "start an instance, or all", set_up_start},
      {"stop", "stop an instance", set_up_stop},
      {"delete", "delete an instance and its data", set_up_delete},
  };
  return commands;
}

}  // namespace app
