#include <fmt/format.h>

#include "provider/local/postgres_server.h"

namespace provider::local {

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

/// Nothing of the log from before is archived or sent to a replica: both begin after the copy is opened.
void PostgresServer::forget_past() const {
  administrate()->execute("CHECKPOINT", 0);
}

}  // namespace provider::local
