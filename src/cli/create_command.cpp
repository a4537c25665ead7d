// local create: new servers, and those that run already.
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

/// The first line of a file, or of standard input for "-".
base::Secret read_password(const std::string& path) {
  std::string text = read_input(path, 4096);
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
  provider::Listening listening;
  bool adopt = false;
};

provider::Database adopt(runs::LocalWorld& world, const CreateArgs& args) {
  if (args.socket.empty() && args.host.empty() && args.port == 0)
    throw Error("BadInput", "--adopt needs --socket, --host or --port");
  return world.databases.adopt(
      {.name = args.name,
       .engine = args.engine,
       .socket = args.socket,
       .host = args.host,
       .port = args.port,
       .user = args.user,
       .password = args.password_file.empty() ? base::Secret() : read_password(args.password_file),
       .master_user = args.master,
       .retention_days = std::max(args.retention_days, 0),
       .db_name = args.database},
      world.budget(10));
}

/// Files by their absolute paths: they are read at every start.
provider::Listening from_here(provider::Listening listening) {
  for (auto* file : {&listening.certificate, &listening.key})
    if (!file->empty()) *file = std::filesystem::absolute(*file).lexically_normal();
  return listening;
}

provider::Database create(runs::LocalWorld& world, const CreateArgs& args) {
  if (args.password_file.empty())
    throw Error("BadInput", "a new instance needs --password-file", "--password-file - reads standard input");
  return world.databases.create_new({.name = args.name,
                                     .engine = args.engine,
                                     .writer = args.writer,
                                     .port = args.port,
                                     .listening = from_here(args.listening),
                                     .master_user = args.user,
                                     .master_password = read_password(args.password_file),
                                     .db_name = args.database,
                                     .tags = parse_tags(args.tags),
                                     .retention_days = args.retention_days < 0 ? 7 : args.retention_days},
                                    world.budget(10));
}

int make(const CreateArgs& args, const Options& options) {
  runs::LocalWorld world(options.home);
  const auto made = args.adopt ? adopt(world, args) : create(world, args);
  if (options.json)
    print_json(database_view(world, made));
  else
    std::cout << fmt::format("{} ({}) is {} on {}:{}\n", made.name, made.id, made.status, made.host,
                             made.port);
  return Exit::done;
}

/// What is for a server that runs already. `new_only` are those that it has no use for.
void declare_adopting(Arguments& arguments, CreateArgs& args, const std::vector<Argument>& new_only) {
  const auto adopt =
      arguments.flag("--adopt", args.adopt, "take a server that runs already as a source; it is only read");
  for (const auto& each : new_only) adopt.excludes(each);
  arguments.add("--socket", args.socket, "socket of the server to adopt").needs(adopt);
  arguments
      .add("--master-user", args.master,
           "--adopt: master user of its copies (default: PostgreSQL, the owner of the database; "
           "MariaDB, --user)")
      .needs(adopt);
  arguments.add("--host", args.host, "address of the server to adopt (default: 127.0.0.1)").needs(adopt);
}

std::vector<Argument> declare_listening(Arguments& arguments, provider::Listening& to) {
  return {
      arguments.add("--listen", to.address, "address of this host that it listens on (default: 127.0.0.1)"),
      arguments
          .add("--tls", to.tls,
               "require (default where other hosts reach the address), offer, or off: whether logins are "
               "encrypted")
          .one_of(base::split_list(std::string(provider::tls_choices), '|')),
      arguments.add("--certificate", to.certificate,
                    "file with a certificate of your own (default: one of the home's authority)"),
      arguments.add("--key", to.key, "file with its key, mode 0600"),
      arguments.add("--network", to.networks,
                    "PostgreSQL: network that logins are taken from, as 10.0.0.0/8; may be given again")};
}

Body set_up_create(Arguments& arguments, const Options& options) {
  auto args = std::make_shared<CreateArgs>();
  arguments.add("NAME", args->name, "name of the instance").required();
  arguments.add("--engine", args->engine,
                "mariadb (default), postgres, or aurora-mysql, aurora-postgresql: a cluster with a writer");
  const auto writer = arguments.add("--writer", args->writer, "name of a cluster's writer (default: NAME-1)");
  arguments.add("--port", args->port, "TCP port (default: a free one)").between(1, 65535);
  arguments.add("--user", args->user, "master user (default: admin); --adopt: the user that reads it");
  arguments.add("--password-file", args->password_file,
                "file whose first line is the master password; - for standard input");
  arguments.add("--database", args->database,
                "initial database; --adopt: the one that scripts run in, if the server has several");
  const auto tags = arguments.add("--tag", args->tags,
                                  "key=value; refresh=true marks an instance that refreshes may replace");
  arguments
      .add("--retention-days", args->retention_days,
           "for how long it can be restored to a point in time (default: 7, of an adopted one 0: not at all)")
      .between(0, 3650);
  auto new_only = declare_listening(arguments, args->listening);
  new_only.insert(new_only.end(), {writer, tags});
  declare_adopting(arguments, *args, new_only);
  return [args, &options] { return make(*args, options); };
}

}  // namespace

std::span<const Command> create_commands() {
  static constexpr Command commands[] = {
      {"create", "make an instance, or adopt a server that runs", set_up_create},
  };
  return commands;
}

}  // namespace cli
