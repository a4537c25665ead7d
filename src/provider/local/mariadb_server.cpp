#include "provider/local/mariadb_server.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>

#include "base/error.h"

namespace provider::local {
namespace {

using namespace std::chrono_literals;

/// Small servers: several stand on one host. What its data needs is added from settings_of(). The binary log
/// is on from birth: replicas and restores to a point in time are made of it.
constexpr std::string_view fixed_settings = R"(performance_schema = OFF
innodb_buffer_pool_size = 64M
innodb_log_buffer_size = 4M
aria_pagecache_buffer_size = 8M
key_buffer_size = 1M
innodb_flush_log_at_trx_commit = 1
skip_name_resolve = ON
local_infile = OFF
log_bin_trust_function_creators = ON
symbolic_links = OFF
plugin_maturity = stable
event_scheduler = OFF
log_bin = binlog
relay_log = relay
binlog_format = ROW
sync_binlog = 1
)";

/// Variables of a source that decide whether its files can be read, what its statements mean and what they
/// need, and the option of each, where it is called otherwise.
struct Carried {
  const char* variable;
  const char* option = nullptr;
};
constexpr Carried carried_settings[] = {{"innodb_page_size"},
                                        {"innodb_data_file_path"},
                                        {"innodb_undo_tablespaces"},
                                        {"lower_case_table_names"},
                                        {"character_set_server"},
                                        {"collation_server"},
                                        {"sql_mode"},
                                        {"old_mode"},
                                        {"time_zone", "default_time_zone"},
                                        {"explicit_defaults_for_timestamp"},
                                        {"tx_isolation", "transaction_isolation"},
                                        {"default_storage_engine"},
                                        {"default_week_format"},
                                        {"div_precision_increment"},
                                        {"group_concat_max_len"},
                                        {"max_allowed_packet"},
                                        {"auto_increment_increment"},
                                        {"auto_increment_offset"},
                                        {"innodb_strict_mode"},
                                        {"innodb_default_row_format"},
                                        {"innodb_autoinc_lock_mode"},
                                        {"innodb_lock_wait_timeout"},
                                        {"innodb_rollback_on_timeout"},
                                        {"innodb_ft_min_token_size"},
                                        {"innodb_ft_max_token_size"},
                                        {"innodb_ft_enable_stopword"},
                                        {"ft_min_word_len"},
                                        {"ft_max_word_len"},
                                        {"sort_buffer_size"},
                                        {"join_buffer_size"},
                                        {"tmp_table_size"},
                                        {"max_heap_table_size"},
                                        {"max_sp_recursion_depth"},
                                        {"max_length_for_sort_data"},
                                        {"max_sort_length"},
                                        {"optimizer_switch"},
                                        {"optimizer_search_depth"},
                                        {"optimizer_prune_level"},
                                        {"optimizer_use_condition_selectivity"},
                                        {"eq_range_index_dive_limit"},
                                        {"use_stat_tables"}};

/// What a session may set but is for the host, for the log, for who watches the server, or for clients that
/// are slow, is not worth a word; names of character sets are the client's to choose.
constexpr const char* unspoken_settings =
    "^(log_|slow_|long_query|min_examined|profiling|optimizer_trace|debug|progress|session_track|binlog_|"
    "gtid_|"
    "server_id|sql_log_|sql_slave|max_relay|wsrep_|net_|wait_|interactive_|tcp_|lc_|thread_|deadlock_|"
    "(query|transaction|range)_.*alloc|(aria|myisam)_(repair|sort)|preload_|keep_files|innodb_tmpdir|"
    "character_set_(client|connection|results|database)|collation_(connection|database))";

/// Our administrator has a login of its own: those that mariadb-install-db makes, who may do all by the word
/// of the operating system, are nobody's.
constexpr std::string_view drop_first_logins =
    "DELETE FROM mysql.global_priv WHERE User NOT IN ('mariadb.sys', 'PUBLIC');\n"
    "DELETE FROM mysql.proxies_priv;\n";

/// Replication tells servers apart by a number (FNV-1a of the resource id; never 0).
std::uint32_t server_id(const std::string& id) {
  std::uint32_t hash = 2166136261U;
  for (const char c : id) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return hash | 1U;
}

/// As option files have it: between quotes, in which a backslash begins an escape.
std::string option_value(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    out += c == '\n' ? "\\n" : c == '\r' ? "\\r" : std::string(1, c);
  }
  return out + "\"";
}

}  // namespace

int MariaDbServer::stop_signal() const {
  return SIGTERM;
}
bool MariaDbServer::is_error(const std::string& log_line) const {
  return log_line.find("[ERROR]") != std::string::npos;
}

std::vector<std::string> MariaDbServer::missing_programs() const {
  std::vector<std::string> missing;
  for (const char* name :
       {"mariadbd", "mariadb-backup", "mariadb-install-db", "mariadb-dump", "mariadb-binlog"})
    if (os::find_program(name).empty()) missing.emplace_back(name);
  return missing;
}

void MariaDbServer::initialise(const base::Json& settings, const Budget& budget) const {
  const auto account = home_.accounts().claim(folder());
  os::make_folder(scratch(), 0700, account);
  const auto nobody = scratch() / "logins.sql";
  write_own(nobody, std::string(drop_first_logins));
  // --force: it need not be able to look up this host's name, because no login that it makes stays.
  os::Command command{
      .argv = {"mariadb-install-db", "--no-defaults", "--force", "--datadir=" + data().string(),
               "--skip-test-db", "--skip-name-resolve", "--auth-root-authentication-method=socket",
               "--auth-root-socket-user=" + account.name, "--extra-file=" + nobody.string()},
      .user = account,
      .environment = {"TMPDIR=" + scratch().string()}};
  const base::Json server = settings.value("server", base::Json::object());
  for (const auto& [name, value] : server.items())
    if (name.starts_with("innodb_") || name == "lower_case_table_names")
      command.argv.push_back(fmt::format("--{}={}", name, value.get<std::string>()));
  os::run_or_throw(command, budget.clock, budget.until, budget.stop);
  os::remove_tree(nobody);
}

void MariaDbServer::configure(bool open, const base::Json& settings) const {
  for (const auto& each : {scratch(), exchange(), plugins()}) os::make_folder(each, 0700, account());
  std::string text = fmt::format(
      "# Written by dbrefresh at every start; changes are lost.\n[mysqld]\ndatadir = {}\nsocket = "
      "{}\npid_file = {}\ntmpdir = {}\nsecure_file_priv = {}\nplugin_dir = {}\nserver_id = {}\n{}",
      data().string(), socket().string(), (folder() / "pid").string(), scratch().string(),
      exchange().string(), plugins().string(), server_id(id_), fixed_settings);
  text += open ? network_settings() : "skip_networking = ON\n";
  if (const int days = settings.value("retention_days", 0); days > 0)
    text += fmt::format("binlog_expire_logs_seconds = {}\n", (days + 1) * 86'400);
  text += settings.contains("replica") ? "read_only = ON\n" : "skip_slave_start = ON\n";
  if (settings.contains("server"))
    for (const auto& [name, value] : settings["server"].items())
      text += fmt::format("{} = {}\n", name, value.get<std::string>());  // the last of a name counts
  write_own(folder() / "server.cnf", text);
}

std::string MariaDbServer::network_settings() const {
  std::string text = fmt::format("bind_address = {}\nport = {}\n", listening_.address, port_);
  if (listening_.tls == "off") return text;
  text += fmt::format("ssl_cert = {0}\nssl_key = {0}\ntls_version = TLSv1.2,TLSv1.3\n",
                      certificate_file().string());
  return text + (listening_.tls == "require" ? "require_secure_transport = ON\n" : "");
}

void MariaDbServer::show_certificate() const {
  administrate()->execute("FLUSH SSL", 0);
}

os::Command MariaDbServer::server_command() const {
  return {.argv = {"mariadbd", "--defaults-file=" + (folder() / "server.cnf").string()},
          .user = account(),
          .folder = data(),
          .output = folder() / "server.log"};
}

void MariaDbServer::start(const Budget& budget) const {
  if (process()) return;
  rotate_log();
  start_as_administrator(budget);
}

void MariaDbServer::start_first(const std::string&, const Budget& budget) const {
  start_as_administrator(budget);
}

/// At every start: whatever became of the account, it is ours again. Not replicated: each server has its own.
void MariaDbServer::start_as_administrator(const Budget& budget) const {
  const base::Secret password(os::random_text(32));
  const auto init = folder() / "init.sql";
  write_own(init, fmt::format("SET sql_log_bin = 0;\n"
                              "CREATE OR REPLACE USER `{0}`@localhost IDENTIFIED BY '{1}';\n"
                              "GRANT ALL ON *.* TO `{0}`@localhost WITH GRANT OPTION;\n",
                              administrator_name(), password.reveal()));
  os::replace_file(administrator_password(), password.reveal(), 0600);
  os::Command command = server_command();
  command.argv.push_back("--init-file=" + init.string());
  await_start(
      os::start(command), [this] { administrate(); }, budget);
  os::remove_tree(init);
}

sql::Endpoint MariaDbServer::socket_endpoint() const {
  return {.family = "mariadb", .socket = socket().string()};
}

sql::Endpoint MariaDbServer::administrator_endpoint() const {
  auto endpoint = socket_endpoint();
  endpoint.user = administrator_name();
  std::error_code none;
  if (!os::fs::exists(administrator_password(), none))
    throw base::Error("StartedByAnother",
                      fmt::format("server {} was started by an earlier dbrefresh, which had no login of its "
                                  "own there",
                                  id_),
                      "dbrefresh local stop NAME, then dbrefresh local start NAME: it has one then");
  endpoint.password = base::Secret(os::read_regular(administrator_password(), 4096));
  return endpoint;
}

base::Json MariaDbServer::settings_of(sql::Connection& source) const {
  base::Json out = base::Json::object();
  for (const auto& [variable, option] : carried_settings) {
    const auto rows = source.query(fmt::format("SHOW GLOBAL VARIABLES LIKE '{}'", variable)).table;
    if (rows.empty()) continue;  // of another version
    const auto value = rows[0].at(1).value_or("");
    const bool may_be_empty = std::string_view(variable).ends_with("_mode");  // no mode, not the usual one
    if (!value.empty() || may_be_empty) out[option != nullptr ? option : variable] = value;
  }
  return out;
}

/// By name: what a session of the source begins with, and one of a copy does not.
std::string MariaDbServer::left_behind(sql::Connection& source) {
  std::string carried;
  for (const auto& each : carried_settings) carried += fmt::format("'{}', ", each.variable);
  return source
      .scalar(fmt::format(
          "SELECT GROUP_CONCAT(LOWER(variable_name) ORDER BY 1 SEPARATOR ', ') FROM "
          "information_schema.system_variables WHERE variable_scope = 'SESSION' AND read_only = 'NO' AND "
          "global_value_origin IN ('CONFIG', 'COMMAND-LINE', 'SQL') AND NOT global_value <=> default_value "
          "AND variable_name NOT IN ({} 'storage_engine') AND variable_name NOT REGEXP '{}'",
          carried, unspoken_settings))
      .value_or("");
}

std::uint64_t MariaDbServer::size_of(sql::Connection& source) const {
  return std::strtoull(
      source
          .scalar("SELECT CAST(COALESCE(SUM(data_length + index_length), 0) AS UNSIGNED) FROM "
                  "information_schema.tables")
          .value_or("0")
          .c_str(),
      nullptr, 10);
}

std::string MariaDbServer::superuser_of(sql::Connection&) const {
  return {};
}

os::Command client_command(const std::string& program, const sql::Endpoint& login) {
  os::Command command{.argv = {program, "--no-defaults", "--user=" + login.user}};
  if (!login.socket.empty())
    command.argv.push_back("--socket=" + login.socket);
  else
    command.argv.insert(command.argv.end(),
                        {"--protocol=tcp", "--host=" + login.host, fmt::format("--port={}", login.port)});
  if (!login.password.empty()) command.environment.push_back("MYSQL_PWD=" + login.password.reveal());
  return command;
}

os::Command lasting_client_command(const std::string& program, const sql::Endpoint& login,
                                   const os::fs::path& file) {
  os::replace_file(file, fmt::format("[client]\npassword = {}\n", option_value(login.password.reveal())),
                   0600, os::owner_of(file.parent_path()));
  auto command = client_command(program, login);
  command.environment.clear();
  command.argv.at(1) = "--defaults-file=" + file.string();
  return command;
}

}  // namespace provider::local
