// local create, list, start, stop, delete, connect, tag, secret.
#include <fmt/format.h>
#include <unistd.h>

#include <iostream>

#include "app/command.h"
#include "app/world.h"
#include "base/error.h"
#include "base/text.h"

namespace app {
namespace {

using base::Error;
using base::Json;

provider::Database must_find(World& world, const std::string& name) {
  auto found = world.databases.find(provider::Kind::instance, name);
  if (!found)
    throw Error("BadInput", fmt::format("there is no instance {}", name), "dbrefresh local list shows all");
  return *std::move(found);
}

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
  std::string name, user = "admin", password_file, database, socket, host;
  int port = 0;
  std::vector<std::string> tags;
  bool adopt = false;
};

void print_created(const provider::Database& made, const Options& options) {
  if (options.json)
    std::cout
        << Json{{"name", made.name}, {"id", made.id}, {"port", made.port}, {"status", made.status}}.dump()
        << "\n";
  else
    std::cout << fmt::format("{} ({}) is {} on 127.0.0.1:{}\n", made.name, made.id, made.status, made.port);
}

Body set_up_create(CLI::App& command, const Options& options) {
  auto args = std::make_shared<CreateArgs>();
  command.add_option("NAME", args->name, "name of the instance")->required();
  command.add_option("--port", args->port, "TCP port on 127.0.0.1 (default: a free one)")
      ->check(CLI::Range(1, 65535));
  command.add_option("--user", args->user, "master user (default: admin)");
  command.add_option("--password-file", args->password_file,
                     "file whose first line is the master password; - for standard input");
  command.add_option("--database", args->database, "initial database");
  command.add_option("--tag", args->tags,
                     "key=value; refresh=true marks an instance that refreshes may replace");
  command.add_flag("--adopt", args->adopt, "take a server that runs already as a source; it is only read");
  command.add_option("--socket", args->socket, "socket of the server to adopt");
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
               .socket = args->socket,
               .host = args->host,
               .port = args->port,
               .user = args->user,
               .password = args->password_file.empty() ? base::Secret() : read_password(args->password_file)},
              waiting),
          options);
      return 0;
    }
    if (args->password_file.empty())
      throw Error("BadInput", "a new instance needs --password-file",
                  "--password-file - reads standard input");
    print_created(world.databases.create({.name = args->name,
                                          .port = args->port,
                                          .master_user = args->user,
                                          .master_password = read_password(args->password_file),
                                          .db_name = args->database,
                                          .tags = parse_tags(args->tags)},
                                         waiting),
                  options);
    return 0;
  };
}

Body set_up_list(CLI::App&, const Options& options) {
  return [&options] {
    World world(options.home);
    std::vector<std::vector<std::string>> lines = {
        {"NAME", "STATUS", "PORT", "OPEN", "SIZE", "ENGINE", "ID", "TAGS"}};
    Json list = Json::array();
    for (const auto& each : world.databases.list()) {
      std::vector<std::string> tags;
      for (const auto& [key, value] : each.tags) tags.push_back(key + "=" + value);
      const auto bytes = world.databases.bytes(each.id);
      lines.push_back({each.name, each.status, fmt::format("{}", each.port), each.open ? "yes" : "no",
                       base::human_bytes(bytes), fmt::format("{} {}", each.engine, each.version), each.id,
                       base::join(tags, " ")});
      list.push_back({{"name", each.name},
                      {"id", each.id},
                      {"status", each.status},
                      {"host", each.host},
                      {"port", each.port},
                      {"open", each.open},
                      {"bytes", bytes},
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
      world.databases.start(must_find(world, args->name).id, world.waiting(10));
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
    world.databases.stop(must_find(world, *name).id, world.waiting(10));
    return 0;
  };
}

Body set_up_delete(CLI::App& command, const Options& options) {
  struct Args {
    std::string name;
    bool force = false;
  };
  auto args = std::make_shared<Args>();
  command.add_option("NAME", args->name, "instance")->required();
  command.add_flag("--force", args->force,
                   "also one without the tag refresh=true; of an adopted server, only its entry goes");
  return [args, &options] {
    World world(options.home);
    const auto found = must_find(world, args->name);
    const auto tag = found.tags.find("refresh");
    if (!args->force && (tag == found.tags.end() || tag->second != "true"))
      throw Error("BadInput",
                  fmt::format("instance {} does not carry the tag refresh=true: it was not made by a refresh",
                              found.name),
                  "--force deletes it and its data all the same");
    world.databases.remove(found.id, world.waiting(10));
    return 0;
  };
}

Body set_up_connect(CLI::App& command, const Options& options) {
  struct Args {
    std::string name;
    std::vector<std::string> rest;
  };
  auto args = std::make_shared<Args>();
  command.add_option("NAME", args->name, "instance")->required();
  command.add_option("ARGS", args->rest, "arguments for the mariadb client, after --");
  return [args, &options]() -> int {
    std::vector<std::string> words;
    {
      World world(options.home);
      const auto found = must_find(world, args->name);
      const auto where = world.databases.endpoint(found.id);
      words = {"mariadb", "--no-defaults"};
      const bool ours = world.databases.is_ours(found.id);
      words.push_back("--user=" + (ours ? os::current_user().name : where.user));
      if (!ours) words.emplace_back("--password");
      if (!where.socket.empty())
        words.push_back("--socket=" + where.socket);
      else
        words.insert(words.end(), {"--host=" + where.host, fmt::format("--port={}", where.port)});
      if (!found.db_name.empty()) words.push_back(found.db_name);
    }
    words.insert(words.begin() + 2, args->rest.begin(), args->rest.end());
    std::vector<char*> argv;
    for (auto& each : words) argv.push_back(each.data());
    argv.push_back(nullptr);
    const auto client = os::find_program("mariadb");
    if (client.empty())
      throw Error("ProgramNotFound", "the mariadb client is not installed",
                  "apt-get install mariadb-client-core");
    ::execv(client.c_str(), argv.data());
    throw Error("ProcessError", "could not start the mariadb client");
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
