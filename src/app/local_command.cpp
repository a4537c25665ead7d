// local create, list, start, stop, delete, connect, tag, secret.
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

/// The first line of a file, or of standard input for "-". Never an argument: arguments are visible to all.
base::Secret read_password(const std::string& path) {
  std::string text =
      path == "-" ? std::string(std::istreambuf_iterator<char>(std::cin), {}) : os::read_file(path, 4096);
  text = text.substr(0, text.find('\n'));
  if (text.empty()) throw Error("BadInput", fmt::format("{} holds no password", path));
  return base::Secret(text);
}

provider::Tags parse_tags(const std::vector<std::string>& texts) {
  provider::Tags tags;
  for (const auto& each : texts) {
    const auto at = each.find('=');
    if (at == std::string::npos || at == 0)
      throw Error("BadInput", fmt::format("--tag {} is not of the form key=value", each));
    tags[each.substr(0, at)] = each.substr(at + 1);
  }
  return tags;
}

struct CreateArgs {
  std::string name, engine = "mariadb", writer, user = "admin", master, password_file, database, socket, host;
  int port = 0, retention_days = -1;
  std::vector<std::string> tags;
  bool adopt = false;
};

void print_created(const provider::Database& made, const Options& options) {
  if (options.json)
    std::cout
        << Json{{"name", made.name}, {"id", made.id}, {"port", made.port}, {"status", made.status}}.dump()
        << "\n";
  else
    std::cout << fmt::format("{} ({}) is {} on {}:{}\n", made.name, made.id, made.status, made.host,
                             made.port);
}

Body set_up_create(CLI::App& command, const Options& options) {
  auto args = std::make_shared<CreateArgs>();
  command.add_option("NAME", args->name, "name of the instance")->required();
  command.add_option(
      "--engine", args->engine,
      "mariadb (default), postgres, or aurora-mysql, aurora-postgresql: a cluster with a writer");
  command.add_option("--writer", args->writer, "name of a cluster's writer (default: NAME-1)");
  command.add_option("--port", args->port, "TCP port on 127.0.0.1 (default: a free one)")
      ->check(CLI::Range(1, 65535));
  command.add_option("--user", args->user, "master user (default: admin); --adopt: the user that reads it");
  command.add_option("--password-file", args->password_file,
                     "file whose first line is the master password; - for standard input");
  command.add_option("--database", args->database, "initial database");
  command.add_option("--tag", args->tags,
                     "key=value; refresh=true marks an instance that refreshes may replace");
  command
      .add_option(
          "--retention-days", args->retention_days,
          "for how long it can be restored to a point in time (default: 7, of an adopted one 0: not at all)")
      ->check(CLI::Range(0, 3650));
  command.add_flag("--adopt", args->adopt, "take a server that runs already as a source; it is only read");
  command.add_option("--socket", args->socket, "socket of the server to adopt");
  command.add_option(
      "--master-user", args->master,
      "--adopt: master user of its copies (default: PostgreSQL, the owner of the first database; "
      "MariaDB, --user)");
  command.add_option("--host", args->host, "address of the server to adopt (default: 127.0.0.1)");
  return [args, &options] {
    World world(options.home);
    const auto waiting = world.waiting(10);
    if (args->adopt) {
      if (args->socket.empty() && args->port == 0)
        throw Error("BadInput", "--adopt needs --socket or --port");
      print_created(
          world.databases.adopt(
              {.name = args->name,
               .engine = args->engine,
               .socket = args->socket,
               .host = args->host,
               .port = args->port,
               .user = args->user,
               .password = args->password_file.empty() ? base::Secret() : read_password(args->password_file),
               .master_user = args->master,
               .retention_days = std::max(args->retention_days, 0)},
              waiting),
          options);
      return 0;
    }
    if (args->password_file.empty())
      throw Error("BadInput", "a new instance needs --password-file",
                  "--password-file - reads standard input");
    print_created(
        world.databases.create({.name = args->name,
                                .engine = args->engine,
                                .writer = args->writer,
                                .port = args->port,
                                .master_user = args->user,
                                .master_password = read_password(args->password_file),
                                .db_name = args->database,
                                .tags = parse_tags(args->tags),
                                .retention_days = args->retention_days < 0 ? 7 : args->retention_days},
                               waiting),
        options);
    return 0;
  };
}

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
      world.databases.start(must_find_database(world, args->name).id, world.waiting(10));
      return 0;
    }
    int code = 0;
    for (const auto& started :
         world.databases.start_all(world.waiting(10), [&](const std::string&failed, const Error&error) {
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
    world.databases.stop(must_find_database(world, *name).id, world.waiting(10));
    return 0;
  };
}

/// Of a cluster, its instances first: readers, then the writer.
void delete_database(World& world, const provider::Database& database) {
  std::vector<provider::Database> members;
  for (const auto& id : database.members)
    if (auto found = world.databases.get(id)) members.push_back(*std::move(found));
  std::ranges::stable_sort(members, {}, &provider::Database::writer);
  for (const auto& each : members) world.databases.remove(each.id, world.waiting(10));
  world.databases.remove(database.id, world.waiting(10));
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

/// The command line of the client of this server. The operating system says who we are, or, to an adopted
/// server, the client asks for the password.
std::vector<std::string> client_of(World& world, const provider::Database& database) {
  const auto where = world.databases.administrator(database.id);
  const bool ours = world.databases.is_ours(database.id);
  const std::string host = where.socket.empty() ? where.host : where.socket;
  std::vector<std::string> words;
  if (where.family == "postgres") {
    words = {"psql",
             "--no-psqlrc",
             "--host=" + host,
             fmt::format("--port={}", where.port),
             "--username=" + where.user,
             "--dbname=" + (database.db_name.empty() ? "postgres" : database.db_name)};
    return words;
  }
  words = {"mariadb", "--no-defaults", "--user=" + where.user};
  if (!ours) words.emplace_back("--password");
  if (!where.socket.empty())
    words.push_back("--socket=" + where.socket);
  else
    words.insert(words.end(), {"--host=" + host, fmt::format("--port={}", where.port)});
  if (!database.db_name.empty()) words.push_back("--database=" + database.db_name);
  return words;
}

Body set_up_connect(CLI::App& command, const Options& options) {
  struct Args {
    std::string name;
    std::vector<std::string> rest;
  };
  auto args = std::make_shared<Args>();
  command.add_option("NAME", args->name, "instance or cluster")->required();
  command.add_option("ARGS", args->rest, "arguments for the client (mariadb or psql), after --");
  return [args, &options]() -> int {
    std::vector<std::string> words;
    {
      World world(options.home);
      words = client_of(world, must_find_database(world, args->name));
    }
    words.insert(words.end(), args->rest.begin(), args->rest.end());
    std::vector<char*> argv;
    for (auto& each : words) argv.push_back(each.data());
    argv.push_back(nullptr);
    const auto client = os::find_program(words[0]);
    if (client.empty())
      throw Error("ProgramNotFound", fmt::format("the client '{}' is not installed", words[0]),
                  "apt-get install mariadb-client postgresql-client");
    ::execv(client.c_str(), argv.data());
    throw Error("ProcessError", fmt::format("could not start {}", words[0]));
  };
}

Body set_up_secret(CLI::App& command, const Options& options) {
  struct Args {
    std::string name, file;
  };
  auto args = std::make_shared<Args>();
  command.add_option("NAME", args->name, "secret; without it, all names are listed");
  command.add_option("--set", args->file,
                     "file with the secret, a JSON object with username, password, …; - for standard input");
  return [args, &options] {
    World world(options.home);
    if (args->name.empty()) {
      for (const auto& name : world.secrets.names()) std::cout << name << "\n";
      return 0;
    }
    if (!args->file.empty()) {
      const std::string text = args->file == "-" ? std::string(std::istreambuf_iterator<char>(std::cin), {})
                                                 : os::read_file(args->file, 65'536);
      const Json value = Json::parse(text, nullptr, false);
      if (!value.is_object() || !value.contains("password") || !value["password"].is_string())
        throw Error("BadInput", "a secret is a JSON object with a password");
      world.secrets.put_pending(args->name, base::Secret(value.dump()));
      world.secrets.promote(args->name);
      return 0;
    }
    const auto value = world.secrets.get(args->name, provider::SecretStore::Stage::current);
    if (!value)
      throw Error("BadInput", fmt::format("there is no secret '{}'", args->name),
                  "dbrefresh local secret lists all");
    Json shown = Json::parse(value->reveal());
    if (shown.contains("password")) shown["password"] = "(hidden)";
    std::cout << shown.dump(options.json ? -1 : 2) << "\n";
    return 0;
  };
}

}  // namespace

std::span<const Command> local_commands() {
  static constexpr Command commands[] = {
      {"create", "make an instance, or adopt a server that runs", set_up_create},
      {"list", "the instances", set_up_list},
      {"start", "start an instance, or all", set_up_start},
      {"stop", "stop an instance", set_up_stop},
      {"delete", "delete an instance and its data", set_up_delete},
      {"connect", "a client session, as administrator", set_up_connect},
      {"secret", "list secrets, show one without its password, or set one", set_up_secret},
  };
  return commands;
}

}  // namespace app
