#include "provider/local/mariadb_rights.h"

#include <fmt/format.h>

#include <cstdint>

namespace provider::local {
namespace {

/// A right on a database: its column in mysql.db, its bit in mysql.global_priv.
struct DatabaseRight {
  const char* column;
  unsigned bit;
};
constexpr DatabaseRight database_rights[] = {{"Select_priv", 0},         {"Insert_priv", 1},
                                             {"Update_priv", 2},         {"Delete_priv", 3},
                                             {"Create_priv", 4},         {"Drop_priv", 5},
                                             {"Grant_priv", 10},         {"References_priv", 11},
                                             {"Index_priv", 12},         {"Alter_priv", 13},
                                             {"Execute_priv", 18},       {"Create_view_priv", 21},
                                             {"Show_view_priv", 22},     {"Create_routine_priv", 23},
                                             {"Event_priv", 26},         {"Create_tmp_table_priv", 16},
                                             {"Alter_routine_priv", 24}, {"Lock_tables_priv", 17},
                                             {"Trigger_priv", 27},       {"Delete_history_priv", 29}};

/// RELOAD, PROCESS, SHOW DATABASES, REPLICATION SLAVE, BINLOG MONITOR: what RDS's master has of the whole
/// server that reaches no file, no other account and no other server.
constexpr std::uint64_t harmless = 1U << 6U | 1U << 8U | 1U << 14U | 1U << 19U | 1U << 20U;
constexpr const char* harmless_names = "RELOAD, PROCESS, SHOW DATABASES, REPLICATION SLAVE, BINLOG MONITOR";

constexpr const char* access = "CAST(COALESCE(JSON_VALUE(Priv, '$.access'), 0) AS UNSIGNED)";
/// Does a name as a pattern match a schema of the server itself?
std::string reaches_the_server(std::string_view pattern) {
  return fmt::format(
      "('mysql' LIKE {0} OR 'sys' LIKE {0} OR 'performance_schema' LIKE {0} OR 'information_schema' LIKE {0} "
      "OR "
      "'{1}' LIKE {0})",
      pattern, mariadb_tools);
}

/// A schema's name as GRANT has it: as it is, as people write it, and escaped where _ and % in it would reach
/// further than databases of users.
std::string pattern_of(std::string_view name) {
  return fmt::format(
      R"(IF({1} OR {0} LIKE '%\\\\%', REPLACE(REPLACE(REPLACE({0}, '\\', '\\\\'), '_', '\\_'), '%', '\\%'), {0}))",
      name, reaches_the_server(name));
}

/// The source's mode may read backslashes and quotes otherwise, and a routine keeps the mode it is made in.
void speak_plainly(sql::Connection& admin) {
  admin.execute("SET sql_mode = 'STRICT_ALL_TABLES'", 0);
}

/// Accounts that something is taken from: not our administrator, nor the owner of the server's own views.
constexpr const char* not_ours =
    "NOT (CONCAT(User, '@', Host) = CURRENT_USER() OR (User = 'mariadb.sys' AND Host = 'localhost'))";

/// INSERT INTO mysql.db …, adding to what is there; `value` gives each right of `from`.
template <class Value>
void add_database_rights(sql::Connection& admin, const std::string& from, Value value) {
  std::string columns, values, added;
  for (const auto& right : database_rights) {
    columns += fmt::format(", {}", right.column);
    values += fmt::format(", {}", value(right));
    added +=
        fmt::format("{0}{1} = IF(VALUES({1}) = 'Y', 'Y', db.{1})", added.empty() ? "" : ", ", right.column);
  }
  admin.execute(
      fmt::format("INSERT INTO mysql.db (Host, User, Db{}) SELECT Host, User, pattern{} FROM ({}) AS made "
                  "ON DUPLICATE KEY UPDATE {}",
                  columns, values, from, added),
      0);
}

void turn_global_rights_into_those_of_databases(sql::Connection& admin) {
  std::uint64_t all = 0;
  for (const auto& right : database_rights) all |= 1ULL << right.bit;
  add_database_rights(
      admin,
      fmt::format("SELECT Host, User, {} AS pattern, {} AS access FROM mysql.global_priv JOIN "
                  "information_schema.schemata AS s WHERE {} AND {} & {} <> 0 AND s.schema_name NOT IN {}",
                  pattern_of("s.schema_name"), access, not_ours, access, all, mariadb_own_schemas),
      [](const DatabaseRight& right) {
        return fmt::format("IF(access & {} <> 0, 'Y', 'N')", 1ULL << right.bit);
      });
  admin.execute(
      fmt::format("UPDATE mysql.global_priv SET Priv = JSON_SET(Priv, '$.access', {} & {}) WHERE {}", access,
                  harmless, not_ours),
      0);
}

void turn_wildcards_into_databases(sql::Connection& admin) {
  std::string columns;
  for (const auto& right : database_rights) columns += fmt::format(", d.{}", right.column);
  add_database_rights(
      admin,
      fmt::format("SELECT d.Host, d.User, {} AS pattern{} FROM mysql.db AS d JOIN "
                  "information_schema.schemata AS s ON s.schema_name LIKE d.Db WHERE {} AND {} AND "
                  "s.schema_name NOT IN {}",
                  pattern_of("s.schema_name"), columns, not_ours, reaches_the_server("d.Db"),
                  mariadb_own_schemas),
      [](const DatabaseRight& right) { return std::string(right.column); });
  admin.execute(fmt::format("DELETE FROM mysql.db WHERE {} AND {}", not_ours, reaches_the_server("Db")), 0);
}

/// Of our administrator: no text of a caller's is part of a statement but names of few characters,
/// and passwords as what the server keeps of them.
constexpr const char* tools[] = {
    R"(PROCEDURE must_be_of_users(name VARCHAR(128) CHARACTER SET utf8mb4, host VARCHAR(255) CHARACTER SET utf8mb4)
BEGIN
  IF name NOT REGEXP '^[A-Za-z0-9_.-]{1,80}$' OR name REGEXP '^(dbrefresh|replica)_|^mariadb[.]sys$' OR name = 'PUBLIC' THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the name of a login: letters, digits and _ . -, and none of the server itself';
  END IF;
  IF host NOT REGEXP '^[A-Za-z0-9_.:%/-]{1,60}$' THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a host is an address, or % for any';
  END IF;
END)",
    R"(PROCEDURE create_login(name VARCHAR(128) CHARACTER SET utf8mb4, host VARCHAR(255) CHARACTER SET utf8mb4, password VARCHAR(1000) CHARACTER SET utf8mb4)
BEGIN
  CALL dbrefresh.must_be_of_users(name, host);
  EXECUTE IMMEDIATE CONCAT('CREATE USER `', name, '`@`', host, '` IDENTIFIED VIA mysql_native_password USING ''*', UPPER(SHA1(UNHEX(SHA1(password)))), '''');
END)",
    R"(PROCEDURE set_login_password(name VARCHAR(128) CHARACTER SET utf8mb4, host VARCHAR(255) CHARACTER SET utf8mb4, password VARCHAR(1000) CHARACTER SET utf8mb4)
BEGIN
  CALL dbrefresh.must_be_of_users(name, host);
  EXECUTE IMMEDIATE CONCAT('ALTER USER `', name, '`@`', host, '` IDENTIFIED VIA mysql_native_password USING ''*', UPPER(SHA1(UNHEX(SHA1(password)))), ''' ACCOUNT UNLOCK');
END)",
    R"(PROCEDURE drop_login(name VARCHAR(128) CHARACTER SET utf8mb4, host VARCHAR(255) CHARACTER SET utf8mb4)
BEGIN
  CALL dbrefresh.must_be_of_users(name, host);
  EXECUTE IMMEDIATE CONCAT('DROP USER `', name, '`@`', host, '`');
END)",
    R"(PROCEDURE own_database(name VARCHAR(64) CHARACTER SET utf8mb4)
BEGIN
  DECLARE done BOOL DEFAULT FALSE;
  DECLARE master VARCHAR(400) CHARACTER SET utf8mb4;
  DECLARE pattern VARCHAR(200) CHARACTER SET utf8mb4 DEFAULT @pattern_of_name@;
  DECLARE masters CURSOR FOR SELECT CONCAT('`', REPLACE(User, '`', '``'), '`@`', REPLACE(Host, '`', '``'), '`') FROM mysql.db WHERE Db = 'dbrefresh' AND Execute_priv = 'Y';
  DECLARE CONTINUE HANDLER FOR NOT FOUND SET done = TRUE;
  IF name IN ('mysql', 'sys', 'information_schema', 'performance_schema', 'dbrefresh') OR NOT EXISTS (SELECT * FROM information_schema.schemata WHERE schema_name = name) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no database of users has this name';
  END IF;
  OPEN masters;
  each_master: LOOP
    FETCH masters INTO master;
    IF done THEN LEAVE each_master; END IF;
    EXECUTE IMMEDIATE CONCAT('GRANT ALL ON `', REPLACE(pattern, '`', '``'), '`.* TO ', master, ' WITH GRANT OPTION');
  END LOOP;
END)"};

void make_tools(sql::Connection& admin) {
  admin.execute(fmt::format("CREATE DATABASE IF NOT EXISTS {} CHARACTER SET utf8mb4", mariadb_tools), 0);
  for (const char* tool : tools) {
    std::string text = tool;
    constexpr std::string_view hole = "@pattern_of_name@";
    if (const auto at = text.find(hole); at != std::string::npos)
      text.replace(at, hole.size(), pattern_of("name"));
    text.insert(text.find(' ') + 1, fmt::format("{}.", mariadb_tools));
    admin.execute("CREATE OR REPLACE " + text, 0);
  }
}

/// All in every database of users that will be, and, to be passed on, in those that are there. A row for one
/// schema wins over the one for all: it is what keeps the server's own schemas out. The one for all is never
/// to be passed on: no such row keeps them out of a role, or of PUBLIC, that its holder gives it to.
void grant_databases(sql::Connection& admin, const std::string& account) {
  admin.execute(fmt::format("GRANT LOCK TABLES ON mysql.* TO {}", account), 0);
  admin.execute(fmt::format("GRANT SELECT, EXECUTE, SHOW VIEW ON sys.* TO {}", account), 0);
  admin.execute(fmt::format("GRANT LOCK TABLES ON `performance\\_schema`.* TO {}", account), 0);
  admin.execute(fmt::format("GRANT ALL ON `%`.* TO {}", account), 0);
  for (const auto& row : admin
                             .query(fmt::format("SELECT schema_name FROM information_schema.schemata WHERE "
                                                "schema_name NOT IN {}",
                                                mariadb_own_schemas))
                             .table)
    grant_database(admin, row[0].value_or(""), account);
}

void forget_logins_where(sql::Connection& admin, const std::string& condition) {
  admin.execute(
      fmt::format(R"(UPDATE mysql.global_priv SET Priv = JSON_MERGE_PATCH(Priv, '{{"plugin": )"
                  R"("mysql_native_password", "authentication_string": "invalid", "auth_or": null, )"
                  R"("account_locked": true}}') WHERE {})",
                  condition),
      0);
}

}  // namespace

std::string mariadb_account(sql::Connection& session, const std::string& user, const std::string& host) {
  return session.quote(user) + "@" + session.quote(host);
}

void confine_accounts(sql::Connection& admin) {
  speak_plainly(admin);
  admin.execute("FLUSH PRIVILEGES", 0);
  turn_global_rights_into_those_of_databases(admin);
  turn_wildcards_into_databases(admin);
  for (const char* table : {"tables_priv", "columns_priv", "procs_priv"})
    admin.execute(
        fmt::format("DELETE FROM mysql.{} WHERE Db IN {} AND {}", table, mariadb_own_schemas, not_ours), 0);
  for (const char* table : {"proxies_priv", "plugin", "func"})
    admin.execute(fmt::format("DELETE FROM mysql.{}", table), 0);
  admin.execute("FLUSH PRIVILEGES", 0);
}

std::size_t forget_logins(sql::Connection& admin, const std::string& master) {
  speak_plainly(admin);
  const std::string is_login =
      fmt::format("COALESCE(JSON_VALUE(Priv, '$.is_role'), 'false') <> 'true' AND {}", not_ours);
  const auto count =
      admin.scalar(fmt::format("SELECT COUNT(*) FROM mysql.global_priv WHERE {} AND User NOT IN ({}, '{}') "
                               "AND User NOT LIKE 'dbrefresh\\_admin\\_%' AND Priv NOT LIKE "
                               "'%unix_socket%'",
                               is_login, admin.quote(master), mariadb_scripts));
  forget_logins_where(admin, is_login);
  for (const char* table : {"global_priv", "db", "tables_priv", "columns_priv", "procs_priv"})
    admin.execute(fmt::format("DELETE FROM mysql.{} WHERE User = ''", table), 0);
  admin.execute("FLUSH PRIVILEGES", 0);
  return std::strtoull(count.value_or("0").c_str(), nullptr, 10);
}

void forget_scripts(sql::Connection& admin) {
  forget_logins_where(admin, fmt::format("User = '{}' AND Host = 'localhost'", mariadb_scripts));
  admin.execute("FLUSH PRIVILEGES", 0);
}

void grant_database(sql::Connection& admin, const std::string& database, const std::string& account) {
  speak_plainly(admin);
  const auto pattern = admin.scalar("SELECT " + pattern_of(admin.quote(database)));
  admin.execute(fmt::format("GRANT ALL ON {}.* TO {} WITH GRANT OPTION",
                            admin.quote_name(pattern.value_or("")), account),
                0);
}

void grant_master(sql::Connection& admin, const std::string& account) {
  speak_plainly(admin);
  make_tools(admin);
  for (const char* all : {"ALL PRIVILEGES", "GRANT OPTION"})
    admin.execute(fmt::format("REVOKE {} ON *.* FROM {}", all, account), 0);
  grant_databases(admin, account);
  admin.execute(fmt::format("GRANT EXECUTE ON {}.* TO {}", mariadb_tools, account), 0);
  admin.execute(fmt::format("GRANT {} ON *.* TO {}", harmless_names, account), 0);
}

void confine_again(sql::Connection& admin) {
  const auto masters =
      admin
          .query(fmt::format("SELECT User, Host FROM mysql.db WHERE Db = '{}' AND Execute_priv = 'Y' AND "
                             "User <> '{}'",
                             mariadb_tools, mariadb_scripts))
          .table;
  confine_accounts(admin);
  for (const auto& row : masters)
    grant_master(admin, mariadb_account(admin, row[0].value_or(""), row[1].value_or("")));
}

void grant_scripts(sql::Connection& admin) {
  speak_plainly(admin);
  const auto account = mariadb_account(admin, mariadb_scripts, "localhost");
  make_tools(admin);
  grant_databases(admin, account);
  admin.execute(fmt::format("GRANT EXECUTE ON {}.* TO {}", mariadb_tools, account), 0);
  admin.execute(fmt::format("GRANT {}, CREATE USER ON *.* TO {}", harmless_names, account), 0);
}

}  // namespace provider::local
