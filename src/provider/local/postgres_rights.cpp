// Roles: who may what in the whole server. In one database: postgres_settle.cpp.
#include "provider/local/postgres_rights.h"

#include <fmt/format.h>

#include <limits>

#include "base/error.h"
#include "provider/local/postgres_server.h"

namespace provider::local {
namespace {

constexpr const char* ours = PostgresServer::administrator;
constexpr const char* reaching_roles =
    "('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program', "
    "'pg_create_subscription')";

constexpr const char* data_roles = "('pg_read_all_data', 'pg_write_all_data', 'pg_monitor')";
constexpr const char* master_roles = "('pg_monitor', 'pg_signal_backend', 'pg_checkpoint')";

int version_of(sql::Connection& session) {
  return std::atoi(session.scalar("SHOW server_version_num").value_or("0").c_str());
}

std::string first_superuser(sql::Connection& session) {
  return session.scalar("SELECT rolname FROM pg_authid WHERE oid = 10").value_or("");
}

/// Nobody is a member of our administrator or of a role that reaches outside. From 16 on a membership belongs
/// to whoever granted it.
void revoke_memberships(sql::Connection& admin) {
  execute_each(admin,
               fmt::format("SELECT format('REVOKE %I FROM %I{} CASCADE', g.rolname, m.rolname{}) FROM "
                           "pg_auth_members a JOIN pg_authid g ON g.oid = a.roleid JOIN pg_authid m ON m.oid "
                           "= a.member LEFT JOIN pg_authid b ON b.oid = a.grantor WHERE g.oid = 10 OR "
                           "g.rolname IN {}",
                           version_of(admin) >= 160000 ? " GRANTED BY %I" : "",
                           version_of(admin) >= 160000 ? ", b.rolname" : "", reaching_roles));
}

/// ALTER SYSTEM and SET of what only superusers may set, where somebody was given it (since 15).
void revoke_parameters(sql::Connection& admin) {
  if (version_of(admin) < 150000) return;
  execute_each(
      admin,
      "SELECT format('REVOKE ALL ON PARAMETER %s FROM %s CASCADE', (SELECT "
      "string_agg(quote_ident(part), '.') FROM string_to_table(parname, '.') AS part), CASE grantee "
      "WHEN 0 THEN 'PUBLIC' ELSE quote_ident(rolname) END) FROM pg_parameter_acl, aclexplode(paracl) "
      "LEFT JOIN pg_roles r ON r.oid = grantee WHERE grantee <> 10");
}

/// In turn, so that none becomes a member of its own members; the newest role is become_first()'s, first.
void give_data(sql::Connection& admin, const std::vector<std::string>& former_superusers) {
  for (const auto& name : former_superusers) {
    const auto role = admin.quote(name);
    execute_each(admin,
                 fmt::format("SELECT format('GRANT %I TO %I', rolname, {}) FROM pg_roles WHERE rolname "
                             "IN {} OR oid >= 16384 AND NOT rolsuper AND NOT pg_has_role(oid, "
                             "{}::regrole, 'MEMBER')",
                             role, data_roles, admin.quote(admin.quote_name(name))));
  }
}

}  // namespace

void protect(sql::Connection& administrator) {
  administrator.query("SET ROLE NONE");
  administrator.query("SET search_path = pg_catalog");
  administrator.query(
      "SELECT set_config(name, CASE vartype WHEN 'bool' THEN 'off' ELSE '0' END, false) FROM pg_settings "
      "WHERE name IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', "
      "'idle_session_timeout', 'transaction_timeout', 'default_transaction_read_only')");
}

std::size_t execute_each(sql::Connection& session, const std::string& query) {
  const auto statements = session.execute(query, std::numeric_limits<std::size_t>::max()).table;
  for (const auto& row : statements) session.execute(row[0].value_or(""), 0);
  return statements.size();
}

/// A session cannot rename its own role, so it works as another superuser for a moment. What the catalogue
/// holds about memberships and settings has no statement that would move it.
std::string become_first(sql::Connection& session) {
  const std::string first = first_superuser(session);
  if (first == ours) return {};
  const std::string name = session.quote_name(first), heir = session.quote(name);
  protect(session);
  const auto could_log_in = session.scalar("SELECT rolcanlogin FROM pg_roles WHERE oid = 10");
  session.execute("CREATE ROLE dbrefresh_passing SUPERUSER", 0);
  session.execute("SET SESSION AUTHORIZATION dbrefresh_passing", 0);
  session.query("SET search_path = pg_catalog");
  execute_each(session, fmt::format("SELECT format('ALTER ROLE {0} RENAME TO %I', 'dbrefresh_admin_' || oid) "
                                    "FROM pg_roles WHERE rolname = '{0}'",
                                    ours));
  session.execute(fmt::format("ALTER ROLE {} RENAME TO {}", name, ours), 0);
  session.execute(fmt::format("ALTER ROLE {} LOGIN REPLICATION PASSWORD NULL", ours), 0);
  session.execute(fmt::format("CREATE ROLE {} SUPERUSER CREATEDB CREATEROLE {}", name,
                              could_log_in == "t" ? "LOGIN" : "NOLOGIN"),
                  0);
  for (const char* column : {"roleid", "member"})
    session.execute(fmt::format("UPDATE pg_auth_members SET {0} = {1}::regrole WHERE {0} = 10", column, heir),
                    0);
  session.execute(fmt::format("UPDATE pg_db_role_setting SET setrole = {}::regrole WHERE setrole = 10", heir),
                  0);
  execute_each(session, fmt::format("SELECT format('ALTER DATABASE %I OWNER TO %I', datname, {}) FROM "
                                    "pg_database WHERE datdba = 10 AND oid >= 16384",
                                    session.quote(first)));
  session.execute(fmt::format("GRANT ALL ON DATABASE postgres TO {}", name), 0);
  return first;
}

void drop_reaching_roles(sql::Connection& administrator) {
  revoke_memberships(administrator);
  // DROP ROLE refuses those of initdb; the server looks for them by their oids, which no other role gets.
  administrator.execute(fmt::format("DELETE FROM pg_authid WHERE rolname IN {}", reaching_roles), 0);
}

void make_master(sql::Connection& administrator, const std::string& master) {
  const std::string role = administrator.quote_name(master);
  if (master == ours || master == PostgresServer::script_role)
    throw base::Error("BadInput", fmt::format("'{}' cannot be a master user: that role is ours", master));
  if (!administrator.scalar(
          fmt::format("SELECT 1 FROM pg_roles WHERE rolname = {}", administrator.quote(master))))
    administrator.execute(fmt::format("CREATE ROLE {}", role), 0);
  administrator.execute(fmt::format("ALTER ROLE {} NOSUPERUSER NOREPLICATION NOBYPASSRLS CREATEDB CREATEROLE "
                                    "INHERIT",
                                    role),
                        0);
  execute_each(administrator,
               fmt::format("SELECT format('GRANT %I TO %I', rolname, {}) FROM pg_roles WHERE rolname IN {} "
                           "AND NOT pg_has_role({}::regrole, oid, 'MEMBER')",
                           administrator.quote(master), master_roles, administrator.quote(role)));
}

Confined confine(sql::Connection& administrator, const std::string& master) {
  auto& admin = administrator;
  std::vector<std::string> former;
  for (const auto& row :
       admin.query("SELECT rolname FROM pg_roles WHERE rolsuper AND oid <> 10 ORDER BY oid DESC").table)
    former.push_back(row[0].value_or(""));
  Confined done;
  done.demoted =
      execute_each(admin,
                   "SELECT format('ALTER ROLE %I NOSUPERUSER NOREPLICATION NOBYPASSRLS', rolname) "
                   "FROM pg_roles WHERE oid <> 10 AND (rolsuper OR rolreplication OR rolbypassrls)");
  drop_reaching_roles(admin);
  revoke_parameters(admin);
  make_master(admin, master);
  admin.execute(fmt::format("ALTER ROLE {} PASSWORD NULL", admin.quote_name(master)), 0);
  done.locked =
      execute_each(admin, fmt::format("SELECT format('ALTER ROLE %I NOLOGIN', rolname) FROM pg_roles "
                                      "WHERE rolcanlogin AND oid <> 10 AND rolname <> {}",
                                      admin.quote(master)));
  execute_each(
      admin,
      "SELECT format('ALTER ROLE %I PASSWORD NULL', rolname) FROM pg_authid WHERE rolpassword IS NOT "
      "NULL");
  give_data(admin, former);
  return done;
}

}  // namespace provider::local
