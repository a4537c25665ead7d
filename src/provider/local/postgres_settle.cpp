// What stands in one database and could run with rights that its caller has not.
#include <fmt/format.h>

#include "provider/local/postgres_rights.h"
#include "provider/local/postgres_server.h"

namespace provider::local {
namespace {

constexpr const char* own_role = PostgresServer::administrator;

/// A function of such a language may do all that the server's account may.
constexpr const char* untrusted =
    "SELECT oid FROM pg_language WHERE NOT lanpltrusted OR lanname IN ('plpython3u', 'plpython2u', "
    "'plpythonu', 'plperlu', 'pltclu', 'plsh')";

/// A condition: does the object belong to an extension? `oid` and `catalogue` are SQL.
std::string of_extension(const char* catalogue, const char* oid) {
  return fmt::format("EXISTS (SELECT FROM pg_depend WHERE classid = {} AND objid = {} AND deptype = 'e')",
                     catalogue, oid);
}

/// They run as whoever alters anything, which may be us; those of extensions are code of the extension.
void disable_event_triggers(sql::Connection& database) {
  execute_each(database, fmt::format("SELECT format('ALTER EVENT TRIGGER %I OWNER TO {}', evtname) FROM "
                                     "pg_event_trigger WHERE evtowner <> 10",
                                     own_role));
  execute_each(
      database,
      fmt::format("SELECT format('ALTER EVENT TRIGGER %I DISABLE', evtname) FROM pg_event_trigger JOIN "
                  "pg_proc p ON p.oid = evtfoid WHERE evtenabled <> 'D' AND NOT (p.proowner = 10 AND {})",
                  of_extension("'pg_proc'::regclass", "p.oid")));
}

/// Its owner could grant it: dblink_connect_u and its like.
void own_untrusted(sql::Connection& database) {
  database.execute(
      fmt::format("UPDATE pg_language SET lanpltrusted = false WHERE lanpltrusted AND oid IN ({})",
                  untrusted),
      0);
  execute_each(database,
               fmt::format("SELECT format('ALTER ROUTINE %s OWNER TO {}', p.oid::regprocedure) FROM "
                           "pg_proc p WHERE proowner <> 10 AND prokind <> 'a' AND prolang IN ({})",
                           own_role, untrusted));
  // Reads files and programs that its tables name.
  execute_each(database,
               "SELECT format('ALTER FOREIGN DATA WRAPPER %I NO HANDLER', fdwname) FROM "
               "pg_foreign_data_wrapper JOIN pg_proc p ON p.oid = fdwhandler WHERE prosrc = "
               "'file_fdw_handler'");
}

/// Functions of PostgreSQL and of extensions that were not for everybody when they were made are as they were
/// then; those that somebody wrote in an untrusted language are for nobody.
std::size_t take_functions_back(sql::Connection& database) {
  return execute_each(
      database,
      fmt::format(
          "SELECT format('REVOKE ALL ON ROUTINE %s FROM %s CASCADE', p.oid::regprocedure, CASE a.grantee "
          "WHEN "
          "0 THEN 'PUBLIC' ELSE quote_ident(r.rolname) END) FROM pg_proc p CROSS JOIN LATERAL "
          "aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a LEFT JOIN pg_roles r ON r.oid = "
          "a.grantee LEFT JOIN pg_init_privs i ON i.classoid = 'pg_proc'::regclass AND i.objoid = p.oid "
          "WHERE "
          "a.grantee <> p.proowner AND (a.grantee = 0 OR r.oid IS NOT NULL) AND CASE WHEN i.objoid IS NOT "
          "NULL "
          "THEN NOT EXISTS (SELECT FROM aclexplode(i.initprivs) was WHERE was.grantee = a.grantee) ELSE "
          "p.oid "
          ">= 16384 AND p.prokind <> 'a' AND p.prolang IN ({}) AND NOT {} END",
          untrusted, of_extension("'pg_proc'::regclass", "p.oid")));
}

/// Nobody's right to execute is asked when a trigger fires, and the owner of its table could enable it again:
/// so what users wrote in an untrusted language for a trigger takes the trigger with it.
std::size_t drop_untrusted_triggers(sql::Connection& database) {
  return execute_each(
      database,
      fmt::format("SELECT format('DROP TRIGGER %I ON %s', tgname, tgrelid::regclass) FROM pg_trigger JOIN "
                  "pg_proc p ON p.oid = tgfoid WHERE NOT tgisinternal AND tgparentid = 0 AND p.oid >= 16384 "
                  "AND p.prolang IN ({}) AND NOT {}",
                  untrusted, of_extension("'pg_proc'::regclass", "p.oid")));
}

/// Everything with an owner that a user may have made, and that no other object brings with it. Publications
/// of all tables must be a superuser's.
constexpr const char* owned_by_us = R"(
SELECT 'pg_namespace'::regclass AS class, oid FROM pg_namespace
  WHERE nspowner = 10 AND (oid >= 16384 OR nspname = 'public')
UNION ALL SELECT 'pg_class'::regclass, c.oid FROM pg_class c WHERE relowner = 10 AND c.oid >= 16384
  AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND NOT (relkind = 'S' AND EXISTS (SELECT FROM pg_depend
    WHERE classid = 'pg_class'::regclass AND objid = c.oid AND refclassid = 'pg_class'::regclass AND deptype IN ('a', 'i')))
UNION ALL SELECT 'pg_proc'::regclass, p.oid FROM pg_proc p WHERE proowner = 10 AND p.oid >= 16384
  AND (prokind = 'a' OR prolang IN (SELECT oid FROM pg_language WHERE lanpltrusted))
UNION ALL SELECT 'pg_type'::regclass, t.oid FROM pg_type t WHERE typowner = 10 AND t.oid >= 16384
  AND typtype IN ('b', 'd', 'e', 'r', 'c')
  AND (typtype <> 'c' OR EXISTS (SELECT FROM pg_class c WHERE c.oid = typrelid AND relkind = 'c'))
  AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)
UNION ALL SELECT 'pg_operator'::regclass, oid FROM pg_operator WHERE oprowner = 10 AND oid >= 16384
UNION ALL SELECT 'pg_opclass'::regclass, oid FROM pg_opclass WHERE opcowner = 10 AND oid >= 16384
UNION ALL SELECT 'pg_opfamily'::regclass, oid FROM pg_opfamily WHERE opfowner = 10 AND oid >= 16384
UNION ALL SELECT 'pg_collation'::regclass, oid FROM pg_collation WHERE collowner = 10 AND oid >= 16384
UNION ALL SELECT 'pg_conversion'::regclass, oid FROM pg_conversion WHERE conowner = 10 AND oid >= 16384
UNION ALL SELECT 'pg_ts_dict'::regclass, oid FROM pg_ts_dict WHERE dictowner = 10 AND oid >= 16384
UNION ALL SELECT 'pg_ts_config'::regclass, oid FROM pg_ts_config WHERE cfgowner = 10 AND oid >= 16384
UNION ALL SELECT 'pg_statistic_ext'::regclass, oid FROM pg_statistic_ext WHERE stxowner = 10 AND oid >= 16384
UNION ALL SELECT 'pg_foreign_server'::regclass, oid FROM pg_foreign_server WHERE srvowner = 10
UNION ALL SELECT 'pg_publication'::regclass, oid FROM pg_publication WHERE pubowner = 10 AND NOT puballtables
UNION ALL SELECT 'pg_largeobject'::regclass, oid FROM pg_largeobject_metadata WHERE lomowner = 10)";

}  // namespace

void share_default_privileges(sql::Connection& database, const std::string& from, const std::string& to) {
  const auto owner = database.quote(database.quote_name(from));
  const std::string scope = fmt::format(
      "format('ALTER DEFAULT PRIVILEGES FOR ROLE %I%s ', {}, CASE d.defaclnamespace WHEN 0 THEN '' "
      "ELSE format(' IN SCHEMA %I', n.nspname) END)",
      database.quote(to));
  constexpr const char* on =
      "CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'ROUTINES' WHEN "
      "'T' "
      "THEN 'TYPES' ELSE 'SCHEMAS' END";
  execute_each(
      database,
      fmt::format("SELECT {} || format('REVOKE ALL ON %s FROM PUBLIC', {}) FROM pg_default_acl d LEFT "
                  "JOIN pg_namespace n ON false WHERE d.defaclrole = {}::regrole AND "
                  "d.defaclnamespace = 0 AND d.defaclobjtype IN ('f', 'T') AND NOT EXISTS (SELECT "
                  "FROM aclexplode(d.defaclacl) WHERE grantee = 0)",
                  scope, on, owner));
  execute_each(
      database,
      fmt::format("SELECT {} || format('GRANT %s ON %s TO %s%s', a.privilege_type, {}, CASE a.grantee WHEN 0 "
                  "THEN 'PUBLIC' ELSE quote_ident(r.rolname) END, CASE WHEN a.is_grantable THEN ' WITH GRANT "
                  "OPTION' ELSE '' END) FROM pg_default_acl d CROSS JOIN LATERAL aclexplode(d.defaclacl) a "
                  "LEFT JOIN pg_roles r ON r.oid = a.grantee LEFT JOIN pg_namespace n ON n.oid = "
                  "d.defaclnamespace WHERE d.defaclrole = {}::regrole AND a.grantee NOT IN "
                  "(d.defaclrole, {}::regrole) AND (a.grantee = 0 OR r.oid IS NOT NULL)",
                  scope, on, owner, database.quote(database.quote_name(to))));
}

/// What belongs to an extension is its code, and stays ours; but a function of it that runs with its owner's
/// rights would run with those of a superuser for whoever may call it.
void hand_over(sql::Connection& database, const std::string& heir) {
  disable_event_triggers(database);
  execute_each(
      database,
      fmt::format("SELECT format('ALTER %s %s OWNER TO %I', CASE i.type WHEN 'statistics object' THEN "
                  "'statistics' ELSE i.type END, i.identity, {}) FROM ({}) AS o, "
                  "pg_identify_object(o.class, o.oid, 0) AS i WHERE NOT {} OR o.class = "
                  "'pg_proc'::regclass AND o.oid IN (SELECT oid FROM pg_proc WHERE prosecdef)",
                  database.quote(heir), owned_by_us, of_extension("o.class", "o.oid")));
}

Settled settle(sql::Connection& database, const std::string& heir) {
  hand_over(database, heir);
  own_untrusted(database);
  return {.event_triggers =
              std::strtoull(database.scalar("SELECT count(*) FROM pg_event_trigger WHERE evtenabled = 'D'")
                                .value_or("0")
                                .c_str(),
                            nullptr, 10),
          .triggers = drop_untrusted_triggers(database),
          .functions = take_functions_back(database)};
}

}  // namespace provider::local
