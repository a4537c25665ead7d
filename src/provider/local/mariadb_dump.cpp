// Copies of a MariaDB server by statements: where its files are out of reach, as on another host.
#include <fmt/format.h>

#include <fstream>
#include "base/error.h"
#include "base/text.h"
#include "provider/local/mariadb_rights.h"
#include "provider/local/mariadb_server.h"
#include "sql/server_error.h"

namespace provider::local {
namespace {

os::Command dump_command(const sql::Endpoint& login, const os::fs::path& to) {
  auto command = client_command("mariadb-dump", login);
  command.argv.insert(command.argv.end(), {"--result-file=" + to.string(), "--max-allowed-packet=1G"});
  return command;
}

/// One consistent view of all InnoDB tables, and where in the binary log it is, as a comment.
os::Command dump_of_databases(sql::Connection& source, const sql::Endpoint& login, const os::fs::path& to) {
  auto command = dump_command(login, to);
  command.argv.insert(command.argv.end(), {"--single-transaction", "--quick", "--routines", "--events",
                                           "--triggers", "--hex-blob", "--add-drop-database"});
  if (source.scalar("SELECT @@log_bin") == "1") command.argv.emplace_back("--master-data=2");
  command.argv.emplace_back("--databases");
  for (const auto& row : source
                             .query(fmt::format("SELECT schema_name FROM information_schema.schemata WHERE "
                                                "schema_name NOT IN {} ORDER BY 1",
                                                mariadb_own_schemas))
                             .table)
    command.argv.push_back(row[0].value_or(""));
  if (command.argv.back() == "--databases")
    throw base::Error("SourceEmpty", fmt::format("the server at {}:{} shows {} no database of users",
                                                 login.host, login.port, login.user));
  return command;
}

/// mariadb-dump's `-- CHANGE MASTER TO MASTER_LOG_FILE='…', MASTER_LOG_POS=…;`; null if it is not there.
base::Json dumped_position(const os::fs::path& dump) {
  std::ifstream in(dump);
  std::string head(16'384, '\0');
  in.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(in.gcount()));
  constexpr std::string_view file_is = "MASTER_LOG_FILE='", offset_is = "MASTER_LOG_POS=";
  const auto file = head.find(file_is), offset = head.find(offset_is);
  if (file == std::string::npos || offset == std::string::npos) return nullptr;
  const auto name = file + file_is.size();
  return {{"file", head.substr(name, head.find('\'', name) - name)},
          {"offset", std::strtoull(head.c_str() + offset + offset_is.size(), nullptr, 10)},
          {"gtid", ""}};
}

/// The client quotes values of rows.
base::Error load_failure(const os::Finished& client, const os::fs::path& dump) {
  const auto said = sql::describe_mariadb_client(client.output);
  return {"LoadFailed", fmt::format("{} of the source could not be loaded: {}", dump.filename().string(),
                                    said.empty() ? fmt::format("exit code {}", client.exit_code) : said)};
}

/// Our administrator has no proxies to give away, and a copy has none. mariadb-dump writes a statement a
/// line.
void leave_out_proxies(const os::fs::path& logins) {
  std::string kept;
  for (const auto& line : base::split_list(os::read_file(logins, 1U << 30U), '\n'))
    if (!line.starts_with("GRANT PROXY ")) kept += line + "\n";
  os::replace_file(logins, kept, 0600);
}

}  // namespace

/// Into a server in the very folder that is being made, which then stops: its data folder is all that stays.
void MariaDbServer::load(const std::vector<os::fs::path>& dumps, const base::Json& settings,
                         const Budget& budget) const {
  initialise(settings, budget);
  auto loading = settings;
  loading["server"].erase("default_time_zone");    // whose names are in the dump
  loading["server"]["skip_name_resolve"] = "OFF";  // accounts of hosts by name are there but not for it
  configure(false, loading);
  start_first("", budget);
  budget.tell({"loading the dump"});
  auto command = client_command("mariadb", administrator_endpoint());
  command.argv.insert(command.argv.end(),
                      {"--binary-mode", "--max-allowed-packet=1G", "--init-command=SET sql_log_bin = 0"});
  command.user = account();
  for (const auto& dump : dumps) {
    os::give_to(dump, account());
    command.input = dump;
    const auto loaded = os::run(command, budget.clock, budget.until, budget.stop);
    if (loaded.exit_code != 0) throw load_failure(loaded, dump);
  }
  stop(budget);
  for (const auto& entry : os::fs::directory_iterator(folder()))
    if (entry.path() != data()) os::remove_tree(entry.path());
}

Copied MariaDbServer::dump(const CopySource& source, const os::fs::path& target, const Budget& budget) const {
  const auto& login = source.administrator;
  const auto session = sql::connect(login, std::chrono::seconds(10));
  const auto folder = target.parent_path();
  const auto logins = folder / "logins.sql", databases = folder / "databases.sql";
  const auto total = size_of(*session);
  // Ours while we write to it; its server's from then on.
  os::make_folder(folder, 0700, os::current_user());
  auto tell = [&] {
    std::error_code none;
    const auto done = os::fs::file_size(databases, none);
    budget.tell({"dumping", none ? 0 : std::min(done, total), total});
  };
  auto as_us = dump_command(login, logins);
  as_us.argv.insert(as_us.argv.end(), {"--system=users,timezones", "--insert-ignore"});
  const bool has_logins = os::run(as_us, budget.clock, budget.until, budget.stop).exit_code == 0;
  const base::Time data_time = budget.clock.now();
  os::run_or_throw(dump_of_databases(*session, login, databases), budget.clock, budget.until, budget.stop,
                   tell);
  const base::Json position = dumped_position(databases);
  std::vector<os::fs::path> dumps = {databases};
  if (has_logins) leave_out_proxies(logins);
  if (has_logins) dumps.insert(dumps.begin(), logins);
  os::make_folder(folder, 0700, copier(source));
  MariaDbServer(home_, folder, id_, 0).load(dumps, {{"server", settings_of(*session)}}, budget);
  const auto unsafe = session->scalar(fmt::format(
      "SELECT COUNT(*) FROM information_schema.tables WHERE table_type = 'BASE TABLE' AND engine <> "
      "'InnoDB' AND table_schema NOT IN {}",
      mariadb_own_schemas));
  return {
      data_time,
      fmt::format("copy by mariadb-dump{}{}", has_logins ? "" : ", without the logins, which it may not read",
                  unsafe == "0" ? "" : fmt::format(", {} tables of which are not transactional", *unsafe)),
      position};
}

}  // namespace provider::local
