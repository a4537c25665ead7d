// local create: new servers, and those that run already.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "app/command.h"
#include "app/world.h"
#include "base/error.h"

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
  auto* writer = command.add_option("--writer", args->writer, "name of a cluster's writer (default: NAME-1)");
  command.add_option("--port", args->port, "TCP port on 127.0.0.1 (default: a free one)")
      ->check(CLI::Range(1, 65535));
  command.add_option("--user", args->user, "master user (default: admin); --adopt: the user that reads it");
  command.add_option("--password-file", args->password_file,
                     "file whose first line is the master password; - for standard input");
  auto* database = command.add_option("--database", args->database, "initial database");
  auto* tags = command.add_option("--tag", args->tags,
                                  "key=value; refresh=true marks an instance that refreshes may replace");
  command
      .add_option(
          "--retention-days", args->retention_days,
          "for how long it can be restored to a point in time (default: 7, of an adopted one 0: not at all)")
      ->check(CLI::Range(0, 3650));
  auto* adopt =
      command
          .add_flag("--adopt", args->adopt, "take a server that runs already as a source; it is only read")
          ->excludes(writer, database, tags);
  command.add_option("--socket", args->socket, "socket of the server to adopt")->needs(adopt);
  command
      .add_option("--master-user", args->master,
                  "--adopt: master user of its copies (default: PostgreSQL, the owner of the first database; "
                  "MariaDB, --user)")
      ->needs(adopt);
  command.add_option("--host", args->host, "address of the server to adopt (default: 127.0.0.1)")
      ->needs(adopt);
  return [args, &options] {
    World world(options.home);
    const auto budget = world.budget(10);
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
              budget),
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
                               budget),
        options);
    return 0;
  };
}

}  // namespace

std::span<const Command> create_commands() {
  static constexpr Command commands[] = {
      {"create", "make an instance, or adopt a server that runs", set_up_create},
  };
  return commands;
}

}  // namespace app
