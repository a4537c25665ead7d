// What a copy of a PostgreSQL server takes over of its source's settings, and what the plan says of the rest.
#include <fmt/format.h>
#include <locale.h>

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "base/text.h"
#include "provider/local/postgres_server.h"

namespace provider::local {
namespace {

/// A server that replays another one's log must allow at least as many of the first four (PostgreSQL manual,
/// 27.4.3). The others change what queries mean, or what they need; all that how they are planned.
constexpr const char* carried_settings = R"((category LIKE 'Query Tuning%' OR name IN (
'max_connections', 'max_worker_processes', 'max_prepared_transactions', 'max_locks_per_transaction',
'TimeZone', 'DateStyle', 'IntervalStyle', 'default_text_search_config', 'lc_monetary', 'lc_numeric', 'lc_time',
'search_path', 'bytea_output', 'xmlbinary', 'xmloption', 'standard_conforming_strings', 'backslash_quote',
'escape_string_warning', 'array_nulls', 'transform_null_equals', 'quote_all_identifiers', 'extra_float_digits',
'default_transaction_isolation', 'default_transaction_deferrable', 'default_toast_compression',
'default_table_access_method', 'check_function_bodies', 'row_security', 'gin_fuzzy_search_limit',
'synchronize_seqscans', 'work_mem', 'hash_mem_multiplier', 'maintenance_work_mem', 'temp_buffers',
'max_parallel_workers_per_gather', 'shared_preload_libraries')))";

/// What a session may set but copies do not take over, because it is for the host, for who watches the
/// server, or for its log, is not worth a word. All else is: above all an application's own settings
/// ("app.key"), whose values are secrets at times.
constexpr const char* unspoken_settings = R"((category ~
'^(Reporting|Write-Ahead|Replication|Statistics|Developer|Error|Connections.*/ Conn|Resource Usage / Cost)'
OR name ~ '^(vacuum_|jit_dump|lc_messages|client_|auto_explain\.|pgaudit\.|pg_stat_statements\.)'))";

/// They only watch. Others, such as pg_cron, would do in a copy what they do in its source.
constexpr const char* watching_libraries[] = {"pg_stat_statements", "auto_explain", "pgaudit",
                                              "pg_hint_plan"};

bool is_installed(const std::string& library, int major) {
  return os::fs::exists(fmt::format("/usr/lib/postgresql/{}/lib/{}.so", major, library));
}

std::vector<std::string> libraries_of(const std::string& listed) {
  std::vector<std::string> names;
  for (const auto& each : base::split_list(listed, ','))
    if (const auto name = std::string(base::trim(each)); !name.empty()) names.push_back(name);
  return names;
}

bool may_be_loaded(const std::string& library, int major) {
  return std::ranges::find(watching_libraries, library) != std::end(watching_libraries) &&
         is_installed(library, major);
}

/// A server does not start with a locale that its host has not.
bool has_locale(const std::string& name) {
  const std::unique_ptr<std::remove_pointer_t<locale_t>, void (*)(locale_t)> found(
      ::newlocale(LC_ALL_MASK, name.c_str(), nullptr), ::freelocale);
  return found != nullptr;
}

int major_of(sql::Connection& source) {
  return std::atoi(source.scalar("SHOW server_version_num").value_or("0").c_str()) / 10000;
}

/// What is the server's own, not the session's: a setting of the user that asks, or of its database, stays
/// out.
constexpr const char* of_server = "source NOT IN ('user', 'database', 'database user', 'client', 'session')";

std::vector<sql::Row> settings_there(sql::Connection& source) {
  return source
      .query(fmt::format("SELECT name, current_setting(name) FROM pg_settings WHERE {} AND {} ORDER BY 1",
                         carried_settings, of_server))
      .table;
}

/// By name: what copies are without. Settings of a database or of a login are in the data, and come along.
/// What no library knows, and what our own sessions set, stands in files alone, which superusers may ask for.
std::string left_behind(sql::Connection& source) {
  const std::string shown = fmt::format(
      "SELECT name FROM pg_settings WHERE context IN ('user', 'superuser') AND NOT {} AND NOT {} AND {} AND "
      "source NOT IN ('default', 'override')",
      carried_settings, unspoken_settings, of_server);
  const std::string written =
      " UNION SELECT name FROM pg_file_settings WHERE applied AND (name LIKE '%.%' AND name !~ "
      "'^(auto_explain|pgaudit|pg_stat_statements)\\.' OR name IN ('statement_timeout', 'lock_timeout', "
      "'idle_in_transaction_session_timeout') AND setting <> '0')";
  const bool all = source.scalar("SELECT rolsuper FROM pg_roles WHERE rolname = current_user") == "t";
  return source
      .scalar(fmt::format("SELECT string_agg(name, ', ' ORDER BY name) FROM ({}{}) AS names", shown,
                          all ? written : ""))
      .value_or("");
}

/// Why pg_basebackup would get no session; "" if it would. A login may be good for SQL alone: pg_hba.conf has
/// lines for replication, roles an attribute, servers a number of such sessions.
std::string refuses_replication(sql::Endpoint login) {
  login.replication = true;
  try {
    sql::connect(login, std::chrono::seconds(10));
    return "";
  } catch (const base::Error& error) {
    return error.message;
  }
}

}  // namespace

base::Json PostgresServer::settings_of(sql::Connection& source) const {
  base::Json out = base::Json::object();
  for (const auto& row : settings_there(source)) {
    const std::string name = row[0].value_or("");
    std::string value = row[1].value_or("");
    if (name.starts_with("lc_") && !has_locale(value)) continue;
    if (name == "shared_preload_libraries") {
      auto libraries = libraries_of(value);
      std::erase_if(libraries, [&, major = major_of(source)](const std::string& each) {
        return !may_be_loaded(each, major);
      });
      value = base::join(libraries, ", ");
    }
    out[name] = value;
  }
  return out;
}

std::vector<base::Problem> PostgresServer::objections(sql::Connection& session,
                                                      const CopySource& from) const {
  std::vector<base::Problem> found;
  if (!from.ours)
    if (const auto why = refuses_replication(from.administrator); !why.empty())
      found.push_back({0, "", "takes no session for replication: " + why});
  const int major = major_of(session);
  if (os::find_program(fmt::format("/usr/lib/postgresql/{}/bin/postgres", major)).empty())
    found.push_back(
        {0, "", fmt::format("is PostgreSQL {0}, which is not installed here: postgresql-{0}", major)});
  if (const auto names = left_behind(session); !names.empty())
    found.push_back(
        {0, "",
         fmt::format("has settings that copies do not take over: {} (a script can give them to a database or "
                     "a login)",
                     names),
         true});
  for (const auto& row : settings_there(session)) {
    const std::string name = row[0].value_or(""), value = row[1].value_or("");
    if (name.starts_with("lc_") && !has_locale(value))
      found.push_back({0, "",
                       fmt::format("{} is '{}', a locale that this host has not; a copy has C", name, value),
                       true});
    if (name != "shared_preload_libraries") continue;
    for (const auto& each : libraries_of(value))
      if (!may_be_loaded(each, major))
        found.push_back(
            {0, "", fmt::format("'{}' is not loaded in a copy, where it would work like in its source", each),
             true});
  }
  return found;
}

void PostgresServer::use_password_file(os::Command& command, const sql::Endpoint& source,
                                       const os::fs::path& file) const {
  std::string line = "*:*:*:*:";
  for (const char c : source.password.reveal()) {
    if (c == '\n')
      throw base::Error("BadInput", fmt::format("the password of '{}' has a line end", source.user));
    if (c == ':' || c == '\\') line += '\\';
    line += c;
  }
  if (source.password.empty()) return;
  os::replace_file(file, line + "\n", 0600, os::owner_of(file.parent_path()));  // who runs the command
  command.environment.push_back("PGPASSFILE=" + file.string());
}

}  // namespace provider::local
