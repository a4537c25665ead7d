// local connect, local secret: ways into databases.
#include <fmt/format.h>
#include <unistd.h>

#include <iostream>

#include "base/error.h"
#include "cli/command.h"
#include "cli/output.h"
#include "runs/clients.h"
#include "sql/peer.h"

namespace cli {
namespace {

using base::Error;
using base::Json;

/// The command line of the client of this server. The operating system says who we are, or, to an adopted
/// server, the client asks for the password.
std::vector<std::string> client_of(runs::LocalWorld& world, const provider::Database& database) {
  const auto where = world.databases.administrator(database.id);
  const bool ours = world.databases.is_ours(database.id);
  const std::string host = where.socket.empty() ? where.host : where.socket;
  std::vector<std::string> words;
  if (where.family == "postgres") {
    if (const auto peer = sql::must_answer_in(where.socket); !peer.empty())
      ::setenv("PGREQUIREPEER", peer.c_str(), 1);
    words = {"psql",
             "--no-psqlrc",
             "--host=" + host,
             fmt::format("--port={}", where.port),
             "--username=" + where.user,
             "--dbname=" + (database.db_name.empty() ? "postgres" : database.db_name)};
    return words;
  }
  words = {"mariadb", "--no-defaults", "--user=" + where.user};
  if (ours) ::setenv("MYSQL_PWD", where.password.reveal().c_str(), 1);  // for the client, which we become
  if (!ours) words.emplace_back("--password");
  if (!where.socket.empty())
    words.push_back("--socket=" + where.socket);
  else
    words.insert(words.end(), {"--host=" + host, fmt::format("--port={}", where.port)});
  if (!database.db_name.empty()) words.push_back("--database=" + database.db_name);
  return words;
}

/// Becomes the client. Returns only by throwing.
[[noreturn]] void become(std::vector<std::string> words) {
  std::vector<char*> argv;
  for (auto& each : words) argv.push_back(each.data());
  argv.push_back(nullptr);
  const auto client = os::find_program(words[0]);
  if (client.empty())
    throw Error("ProgramNotFound", fmt::format("the client '{}' is not installed", words[0]),
                "apt-get install mariadb-client postgresql-client");
  ::execv(client.c_str(), argv.data());
  throw Error("ProcessError", fmt::format("could not start {}", words[0]));
}

/// Lines for clients and their files; what is no such line begins with #.
void print_clients(const Json& view, const Options& options) {
  const auto text = [&](const char* member) { return view[member].get<std::string>(); };
  if (!view["open"].get<bool>()) std::cout << "# it is closed: nobody gets in by these\n";
  std::cout << "# password: "
            << (view["secret"].is_null()
                    ? "none of the secrets here has it: it is the one that was given when it was made"
                    : with_home(text("secretCommand"), options))
            << "\n";
  std::cout << text("client") << "\n" << text("jdbc") << "\n";
  for (const auto& [name, value] : view["environment"].items())
    std::cout << fmt::format("export {}={}\n", name, runs::shell_word(value.get<std::string>()));
}

int show_clients(const std::string& name, const Options& options) {
  runs::LocalWorld world(options.home, provider::local::Opening::to_change);
  const Json view = clients_view(world, must_find_database(world, name));
  if (options.json)
    print_json(with_home(view, options));
  else
    print_clients(view, options);
  return Exit::done;
}

Body set_up_connect(Arguments& arguments, const Options& options) {
  struct Args {
    std::string name;
    std::vector<std::string> rest;
    bool print = false;
  };
  auto args = std::make_shared<Args>();
  arguments.add("NAME", args->name, "instance or cluster").required();
  const auto rest = arguments.add("ARGS", args->rest, "arguments for the client (mariadb or psql), after --");
  arguments
      .flag("--print", args->print,
            "print how clients reach it, as its master: lines for psql or mariadb, JDBC, the environment; "
            "never a password")
      .excludes(rest);
  return [args, &options]() -> int {
    if (args->print) return show_clients(args->name, options);
    std::vector<std::string> words;
    {
      runs::LocalWorld world(options.home, provider::local::Opening::to_change);
      words = client_of(world, must_find_database(world, args->name));
    }
    words.insert(words.end(), args->rest.begin(), args->rest.end());
    become(std::move(words));
  };
}

void set_secret(runs::LocalWorld& world, const std::string& name, const std::string& file) {
  const Json value = Json::parse(read_input(file, 65'536), nullptr, false);
  if (!value.is_object() || !value.contains("password") || !value["password"].is_string())
    throw Error("BadInput", "a secret is a JSON object with a password");
  world.secrets.put_pending(name, base::Secret(value.dump()));
  world.secrets.promote(name);
  world.databases.renew_login(name, world.budget(2));
}

void list_secrets(runs::LocalWorld& world, bool json) {
  if (json) return print_json(world.secrets.names());
  for (const auto& name : world.secrets.names()) std::cout << name << "\n";
}

/// A password goes to a person at a terminal, or to whoever says that it may go elsewhere.
void must_be_revealable(bool yes) {
  if (yes || ::isatty(STDOUT_FILENO) == 1) return;
  throw Error("BadInput", "--reveal prints a password, and standard output is no terminal",
              "--yes says that this is meant");
}

void show_secret(runs::LocalWorld& world, const std::string& name, bool reveal, bool json) {
  const auto value = world.secrets.get(name, provider::SecretStore::Stage::current);
  if (!value)
    throw Error("BadInput", fmt::format("there is no secret '{}'", name), "dbrefresh local secret lists all");
  Json shown = Json::parse(value->reveal());
  if (shown.contains("password") && !reveal) shown["password"] = "(hidden)";
  std::cout << shown.dump(json ? -1 : 2) << "\n";
}

Body set_up_secret(Arguments& arguments, const Options& options) {
  struct Args {
    std::string name, file;
    bool reveal = false, yes = false;
  };
  auto args = std::make_shared<Args>();
  arguments.add("NAME", args->name, "secret; without it, all names are listed");
  arguments.add("--set", args->file,
                "file with the secret, a JSON object with username, password, …; - for standard input");
  const auto reveal = arguments.flag("--reveal", args->reveal, "show its password, at a terminal");
  arguments.flag("--yes", args->yes, "--reveal: also where standard output is no terminal").needs(reveal);
  return [args, &options] {
    if (args->reveal) must_be_revealable(args->yes);
    using provider::local::Opening;
    runs::LocalWorld world(options.home, args->file.empty() ? Opening::to_change : Opening::to_work);
    if (args->name.empty())
      list_secrets(world, options.json);
    else if (!args->file.empty())
      set_secret(world, args->name, args->file);
    else
      show_secret(world, args->name, args->reveal, options.json);
    return 0;
  };
}

}  // namespace

std::span<const Command> session_commands() {
  static constexpr Command commands[] = {
      {"connect", "a client session, as administrator", set_up_connect},
      {"secret", "list secrets, show or set one", set_up_secret},
  };
  return commands;
}

}  // namespace cli
