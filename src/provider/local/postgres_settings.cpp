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
/// 27.4.3). The others change what queries mean, or how they are planned.
constexpr const char* carried_settings = R"(
'max_connections', 'max_worker_processes', 'max_prepared_transactions', 'max_locks_per_transaction',
'TimeZone', 'DateStyle', 'IntervalStyle', 'default_text_search_config', 'lc_monetary', 'lc_numeric', 'lc_time',
'search_path', 'bytea_output', 'xmlbinary', 'xmloption', 'standard_conforming_strings', 'backslash_quote',
'escape_string_warning', 'array_nulls', 'transform_null_equals', 'quote_all_identifiers', 'extra_float_digits',
'default_transaction_isolation', 'default_toast_compression',
'work_mem', 'hash_mem_multiplier', 'maintenance_work_mem', 'temp_buffers', 'effective_cache_size',
'random_page_cost', 'seq_page_cost', 'cpu_tuple_cost', 'default_statistics_target', 'jit',
'plan_cache_mode', 'constraint_exclusion', 'enable_partitionwise_join', 'enable_partitionwise_aggregate',
'from_collapse_limit', 'join_collapse_limit', 'geqo_threshold', 'shared_preload_libraries')";

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
std::vector<sql::Row> settings_there(sql::Connection& source) {
  return source
      .query(fmt::format("SELECT name, current_setting(name) FROM pg_settings WHERE name IN ({}) AND source "
                         "NOT IN ('user', 'database', 'database user', 'client', 'session') ORDER BY 1",
                         carried_settings))
      .table;
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

std::vector<base::Problem> PostgresServer::objections(sql::Connection& session, const CopySource&) const {
  std::vector<base::Problem> found;
  const int major = major_of(session);
  if (os::find_program(fmt::format("/usr/lib/postgresql/{}/bin/postgres", major)).empty())
    found.push_back(
        {0, "", fmt::format("it is PostgreSQL {0}, which is not installed here: postgresql-{0}", major)});
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
