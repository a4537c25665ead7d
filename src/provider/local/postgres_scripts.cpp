// The account of scripts, and what must not outlive them.
#include <fmt/format.h>

#include "base/error.h"
#include "provider/local/postgres_rights.h"
#include "provider/local/postgres_server.h"

namespace provider::local {
namespace {

constexpr const char* script_role = PostgresServer::script_role;

/// A member of every role that owns anything; tables of extensions, which are ours, it may read and write.
/// Who its work is for stands in its comment.
void make_script_role(sql::Connection& admin, const std::string& master) {
  if (!admin.scalar(fmt::format("SELECT 1 FROM pg_roles WHERE rolname = '{}'", script_role)))
    admin.execute(fmt::format("CREATE ROLE {}", script_role), 0);
  admin.execute(fmt::format("ALTER ROLE {} LOGIN NOSUPERUSER NOREPLICATION BYPASSRLS CREATEDB CREATEROLE "
                            "INHERIT PASSWORD NULL",
                            script_role),
                0);
  admin.execute(fmt::format("COMMENT ON ROLE {} IS {}", script_role, admin.quote(master)), 0);
  execute_each(admin,
               fmt::format("SELECT format('GRANT %I TO {0} WITH ADMIN OPTION', rolname) FROM pg_roles WHERE "
                           "(oid >= 16384 AND NOT rolsuper AND rolname <> '{0}' AND NOT pg_has_role(oid, "
                           "'{0}', 'MEMBER')) OR rolname IN ('pg_read_all_data', 'pg_write_all_data', "
                           "'pg_monitor', 'pg_signal_backend', 'pg_checkpoint')",
                           script_role));
}

/// The master's settings, and in every database its search path, where "$user" is the master.
void give_settings(sql::Connection& admin, const std::string& master) {
  const std::string its = admin.quote(admin.quote_name(master)) + "::regrole";
  admin.execute(fmt::format("DELETE FROM pg_db_role_setting WHERE setrole = '{}'::regrole", script_role), 0);
  admin.execute(
      fmt::format("INSERT INTO pg_db_role_setting SELECT setdatabase, '{}'::regrole, setconfig FROM "
                  "pg_db_role_setting WHERE setrole = {}",
                  script_role, its),
      0);
  execute_each(
      admin,
      fmt::format(
          "SELECT format('ALTER ROLE {} IN DATABASE %I SET search_path TO %s', datname, coalesce(nullif("
          "replace(path, '\"$user\"', {}), ''), '''''')) FROM (SELECT datname, coalesce((SELECT "
          "substr(setting, length('search_path=') + 1) FROM pg_db_role_setting s, unnest(setconfig) AS "
          "setting "
          "WHERE s.setdatabase IN (0, d.oid) AND s.setrole IN (0, {}) AND setting LIKE 'search\\_path=%' "
          "ORDER "
          "BY setrole <> 0 DESC, setdatabase <> 0 DESC LIMIT 1), '\"$user\", public') AS path FROM "
          "pg_database "
          "d WHERE datallowconn) AS paths",
          script_role, admin.quote(admin.quote_name(master)), its));
}

/// Whom its work is for; never a superuser, whoever wrote the comment.
std::string heir_of_scripts(sql::Connection& admin) {
  const auto heir = admin.scalar(
      fmt::format("SELECT h.rolname FROM pg_roles s JOIN pg_roles h ON h.rolname = "
                  "shobj_description(s.oid, 'pg_authid') WHERE s.rolname = '{}' AND NOT h.rolsuper",
                  script_role));
  if (!heir)
    throw base::Error("SqlError", "a script has dropped the master user: nobody is left to own its work");
  return *heir;
}

}  // namespace

sql::Endpoint PostgresServer::admit_scripts(const std::string& master) const {
  const auto admin = as_administrator("postgres");
  make_script_role(*admin, master);
  give_settings(*admin, master);
  // What it makes is the master's to use at once, and the master's own in the end.
  in_every_database([&](sql::Connection& database) {
    for (const char* each : {"TABLES", "SEQUENCES", "SCHEMAS"})
      database.execute(fmt::format("ALTER DEFAULT PRIVILEGES FOR ROLE {} GRANT ALL ON {} TO {}", script_role,
                                   each, database.quote_name(master)),
                       0);
  });
  auto endpoint = socket_endpoint();
  endpoint.user = script_role;
  return endpoint;
}

void PostgresServer::end_scripts() const {
  const auto admin = as_administrator("postgres");
  if (!admin->scalar(fmt::format("SELECT 1 FROM pg_roles WHERE rolname = '{}'", script_role))) return;
  admin->execute(fmt::format("ALTER ROLE {} NOLOGIN", script_role), 0);
  const std::string heir = heir_of_scripts(*admin);
  in_every_database([&](sql::Connection& database) {
    database.execute(fmt::format("REASSIGN OWNED BY {} TO {}", script_role, database.quote_name(heir)), 0);
    share_default_privileges(database, script_role, heir);
    database.execute(fmt::format("DROP OWNED BY {}", script_role), 0);
  });
  // Memberships that it gave stay; before 16 nothing depends on who gave them.
  admin->execute(
      fmt::format("UPDATE pg_auth_members SET grantor = 10 WHERE grantor = '{}'::regrole", script_role), 0);
  admin->execute(
      fmt::format("DELETE FROM pg_shdepend WHERE classid = 'pg_auth_members'::regclass AND refobjid "
                  "= '{}'::regrole",
                  script_role),
      0);
  admin->execute(fmt::format("DROP ROLE {}", script_role), 0);
}

}  // namespace provider::local
