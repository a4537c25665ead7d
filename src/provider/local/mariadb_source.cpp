// What the plan says of a MariaDB server that is to be copied.
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <span>

#include "base/error.h"
#include "base/text.h"
#include "provider/local/mariadb_rights.h"
#include "provider/local/mariadb_server.h"

namespace provider::local {
namespace {

using base::Problem;
using Problems = std::vector<Problem>;

/// To ask where the binary log is. MariaDB 10.4 has it by its old name, REPLICATION CLIENT.
constexpr const char* log_right = "BINLOG MONITOR";
/// What mariadb-dump needs to see all: what a user may not see, it leaves out without a word.
constexpr const char* dumping_rights[] = {"SELECT", "EXECUTE",     "SHOW VIEW", "TRIGGER",
                                          "EVENT",  "LOCK TABLES", "RELOAD"};
/// What mariadb-backup asks for before it begins; and LOCK TABLES, without which its user sees no databases.
constexpr const char* copying_rights[] = {"RELOAD", "PROCESS", "LOCK TABLES", log_right};

/// Engines that are built into every server, and those whose tables are only links to another server's.
constexpr const char* built_in =
    "('InnoDB', 'Aria', 'MyISAM', 'MRG_MyISAM', 'MEMORY', 'CSV', 'SEQUENCE', 'PERFORMANCE_SCHEMA')";
constexpr const char* links = "('FEDERATED', 'SPIDER', 'CONNECT')";

/// 10.11.6-MariaDB → 1011.
int series(std::string_view version) {
  const auto parts = base::split_list(std::string(version), '.');
  return parts.size() < 2 ? 0 : std::atoi(parts[0].c_str()) * 100 + std::atoi(parts[1].c_str());
}

/// `mariadbd  Ver 10.11.6-MariaDB …`; "" where there is none.
std::string installed_version() {
  base::SystemClock clock;
  try {
    const auto said = os::run({.argv = {"mariadbd", "--no-defaults", "--version"}}, clock,
                              clock.now() + std::chrono::seconds(30), {});
    const auto at = said.output.find("Ver ");
    return at == std::string::npos ? "" : base::split_list(said.output.substr(at + 4), ' ').front();
  } catch (const base::Error&) {
    return "";  // missing_programs() says so
  }
}

void check_version(sql::Connection& source, bool by_files, Problems& problems) {
  constexpr int oldest_with_global_priv = 1004;
  const std::string version = source.scalar("SELECT VERSION()").value_or("");
  if (version.find("MariaDB") == std::string::npos) {
    problems.push_back({0, "", fmt::format("is MySQL {}, whose data MariaDB cannot take", version)});
    return;
  }
  const std::string ours = installed_version();
  if (!ours.empty() && series(version) > series(ours))
    problems.push_back({0, "",
                        fmt::format("is MariaDB {}, newer than {}, which is installed here", version, ours),
                        !by_files});
  if (by_files && series(version) < oldest_with_global_priv)
    problems.push_back({0, "", fmt::format("is MariaDB {}; its files can be copied from 10.4 on", version)});
}

/// Of the user's own and those of its roles.
bool has_right(sql::Connection& source, const std::string& right) {
  const char* older = right == log_right ? "REPLICATION CLIENT" : right.c_str();
  return source.scalar(fmt::format(
             "SELECT COUNT(*) FROM information_schema.user_privileges WHERE privilege_type IN ('{}', '{}') "
             "AND "
             "(grantee = "
             "CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''') OR grantee IN (SELECT CONCAT('''', "
             "role_name, '''@''''''') FROM information_schema.enabled_roles))",
             right, older)) != "0";
}

void check_rights(sql::Connection& source, const std::string& user, bool by_files, Problems& problems) {
  const auto needed = by_files ? std::span<const char* const>(copying_rights) : dumping_rights;
  std::vector<std::string> missing(needed.begin(), needed.end());
  // mariadb-dump writes down where the log is, if there is one.
  if (!by_files && source.scalar("SELECT @@log_bin") == "1") missing.emplace_back(log_right);
  std::erase_if(missing, [&](const std::string& right) { return has_right(source, right); });
  if (!missing.empty())
    problems.push_back(
        {0, "",
         fmt::format("is read by '{}', who lacks {} on *.*: {}", user, base::join(missing, ", "),
                     by_files ? "mariadb-backup copies nothing without"
                              : "what it does not see would be missing in the copy")});
}

void check_contents(sql::Connection& source, Problems& problems) {
  for (const auto& row :
       source
           .query(fmt::format(
               "SELECT table_schema, table_name, engine, engine IN {} FROM information_schema.tables WHERE "
               "table_type IN ('BASE TABLE', 'SYSTEM VERSIONED') AND engine NOT IN {} AND table_schema NOT "
               "IN {} ORDER BY 1, 2",
               links, built_in, mariadb_own_schemas))
           .table)
    problems.push_back(
        {0, "",
         row[3] == "1"
             ? fmt::format("has the table {}.{}, a link to another server ({}) that leads nowhere in a copy",
                           row[0].value_or(""), row[1].value_or(""), row[2].value_or(""))
             : fmt::format("has the table {}.{} of {}, which is not served here", row[0].value_or(""),
                           row[1].value_or(""), row[2].value_or("")),
         row[3] == "1"});
  if (source.scalar(fmt::format("SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = '{}'",
                                mariadb_tools)) == "1" &&
      source.scalar(fmt::format("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = '{}'",
                                mariadb_tools)) != "0")
    problems.push_back(
        {0, "", fmt::format("has a database '{}', a name that copies need for themselves", mariadb_tools)});
}

/// What a user without rights on them is not told by the server: MyISAM's links.
void check_links(const os::fs::path& data, Problems& problems) {
  std::error_code error;
  for (os::fs::recursive_directory_iterator at(data, error), end; !error && at != end; at.increment(error))
    if (at->is_symlink(error))
      problems.push_back({0, "",
                          fmt::format("has {} outside of its data folder; a copy would write to it",
                                      os::fs::path(at->path()).lexically_relative(data).string())});
}

/// Settings of the whole server that a copy does not take over.
void check_settings(sql::Connection& source, const std::string& left_behind, Problems& problems) {
  if (!left_behind.empty())
    problems.push_back(
        {0, "", fmt::format("has settings that copies do not take over: {}", left_behind), true});
  tzset();
  const std::string ours = tzname[0], theirs = source.scalar("SELECT @@system_time_zone").value_or("");
  if (source.scalar("SELECT @@global.time_zone") == "SYSTEM" && theirs != ours && theirs != tzname[1])
    problems.push_back(
        {0, "",
         fmt::format("lives in the time zone of its host, {}; its copies in that of this one, {}", theirs,
                     ours),
         true});
  for (const char* name : {"init_connect", "ft_stopword_file"})
    if (const auto value = source.scalar(fmt::format("SELECT @@global.{}", name));
        value && !value->empty() && *value != "(built-in)")
      problems.push_back({0, "", fmt::format("has {} = {}, which its copies have not", name, *value), true});
}

}  // namespace

Problems MariaDbServer::objections(sql::Connection& session, const CopySource& from) const {
  Problems problems;
  if (from.ours) return problems;
  const bool by_files = !from.data.empty();
  check_version(session, by_files, problems);
  if (!problems.empty() && !problems[0].warning) return problems;
  check_rights(session, from.administrator.user, by_files, problems);
  if (by_files) check_links(from.data, problems);
  check_contents(session, problems);
  check_settings(session, left_behind(session), problems);
  return problems;
}

}  // namespace provider::local
