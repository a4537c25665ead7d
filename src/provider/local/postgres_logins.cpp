#include <fmt/format.h>

#include <algorithm>

#include "provider/local/postgres_server.h"

namespace provider::local {
namespace {

/// Without a slot of its own it cannot be enabled by mistake, and dropping it asks nothing of the publisher.
std::size_t end_subscriptions(sql::Connection& database) {
  const auto rows = database
                        .query(
                            "SELECT subname FROM pg_subscription JOIN pg_database d ON d.oid = subdbid "
                            "WHERE d.datname = current_database()")
                        .table;
  for (const auto& row : rows) {
    const auto name = database.quote_name(row[0].value_or(""));
    database.execute(fmt::format("ALTER SUBSCRIPTION {} DISABLE", name), 0);
    database.execute(fmt::format("ALTER SUBSCRIPTION {} SET (slot_name = NONE)", name), 0);
  }
  return rows.size();
}

std::size_t drop_user_mappings(sql::Connection& database) {
  const auto rows = database.query("SELECT usename, srvname FROM pg_user_mappings").table;
  for (const auto& row : rows) {
    const std::string user = row[0].value_or("public");
    database.execute(fmt::format("DROP USER MAPPING FOR {} SERVER {}",
                                 user == "public" ? "PUBLIC" : database.quote_name(user),
                                 database.quote_name(row[1].value_or(""))),
                     0);
  }
  return rows.size();
}

}  // namespace

void PostgresServer::in_every_database(const std::function<void(sql::Connection&)>& each) const {
  const auto names =
      administrate()->query("SELECT datname FROM pg_database WHERE datallowconn ORDER BY datname").table;
  for (const auto& row : names) each(*log_in(administrator, row[0].value_or("")));
}

void PostgresServer::create_database(const std::string& name, const std::string& owner) const {
  const auto admin = administrate();
  const auto there =
      admin->scalar(fmt::format("SELECT 1 FROM pg_database WHERE datname = {}", admin->quote(name)));
  if (!there)
    admin->execute(
        fmt::format("CREATE DATABASE {} OWNER {}", admin->quote_name(name), admin->quote_name(owner)), 0);
}

/// The rights of rds_superuser, as far as an ordinary PostgreSQL has them; never SUPERUSER or REPLICATION.
void PostgresServer::set_master_login(const std::string& user, const base::Secret& password) const {
  const auto session = administrate();
  sql::Connection& admin = *session;
  const std::string role = admin.quote_name(user);
  if (!admin.scalar(fmt::format("SELECT 1 FROM pg_roles WHERE rolname = {}", admin.quote(user)))) {
    admin.execute(fmt::format("CREATE ROLE {} CREATEDB CREATEROLE", role), 0);
    admin.execute(fmt::format("GRANT pg_monitor, pg_signal_backend, pg_checkpoint TO {}", role), 0);
  }
  admin.execute(fmt::format("ALTER ROLE {} LOGIN VALID UNTIL 'infinity' PASSWORD {}", role,
                            admin.quote(admin.password_hash(user, password))),
                0);
}

std::string PostgresServer::quarantine(const std::string& master) const {
  const auto session = administrate();
  sql::Connection& admin = *session;
  const auto roles =
      admin
          .query(fmt::format("SELECT rolname FROM pg_roles WHERE rolcanlogin AND rolname NOT IN ({}, "
                             "{}) ORDER BY rolname",
                             admin.quote(administrator), admin.quote(master)))
          .table;
  for (const auto& row : roles)
    admin.execute(fmt::format("ALTER ROLE {} NOLOGIN", admin.quote_name(row[0].value_or(""))), 0);
  std::size_t subscriptions = 0, mappings = 0;
  in_every_database([&](sql::Connection& database) {
    subscriptions += end_subscriptions(database);
    mappings += drop_user_mappings(database);
  });
  std::string done = fmt::format("{} logins of the source locked", roles.size());
  if (subscriptions > 0) done += fmt::format(", {} subscriptions ended", subscriptions);
  if (mappings > 0) done += fmt::format(", {} user mappings of foreign servers dropped", mappings);
  return done;
}

/// Nothing of the log from before is archived or sent to a replica: both begin after the copy is opened.
void PostgresServer::forget_past() const {
  administrate()->execute("CHECKPOINT", 0);
}

}  // namespace provider::local
