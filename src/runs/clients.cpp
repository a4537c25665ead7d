#include "runs/clients.h"

#include <fmt/format.h>

#include "base/digest.h"

namespace runs {
namespace {

using base::Json;
using provider::Database;

/// Of an address that has colons of its own, between brackets.
std::string host_in_url(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

/// What a family's clients call what they must be told of TLS. Of a certificate of people's own nobody here
/// knows who signed it: they are told to encrypt, and whoever knows the signer can have more.
using Parameters = std::vector<std::pair<std::string, std::string>>;
Parameters postgres_tls(const Database& database) {
  if (!database.authority.empty()) return {{"sslmode", "verify-full"}, {"sslrootcert", database.authority}};
  if (database.tls == "require") return {{"sslmode", "require"}};
  return {};
}
Parameters mariadb_jdbc_tls(const Database& database) {
  if (!database.authority.empty()) return {{"sslMode", "verify-full"}, {"serverSslCert", database.authority}};
  if (database.tls == "require") return {{"sslMode", "trust"}};
  return {};
}

std::string url(const std::string& scheme, const std::string& user, const Database& database,
                const std::string& schema, const Parameters& parameters) {
  std::string text =
      fmt::format("{}://{}{}:{}/{}", scheme, user.empty() ? "" : base::percent_encode(user) + "@",
                  host_in_url(database.host), database.port, base::percent_encode(schema));
  char before = '?';
  for (const auto& [name, value] : parameters) {
    text += fmt::format("{}{}={}", before, name, base::percent_encode(value, "/"));
    before = '&';
  }
  return text;
}

std::string jdbc(const std::string& scheme, const Database& database, const std::string& schema,
                 Parameters parameters) {
  parameters.insert(parameters.begin(), {"user", database.master_user});
  return url("jdbc:" + scheme, "", database, schema, parameters);
}

Json of_postgres(const Database& database) {
  const auto schema = database.db_name.empty() ? "postgres" : database.db_name;
  const auto tls = postgres_tls(database);
  Json environment = {{"PGHOST", database.host},
                      {"PGPORT", std::to_string(database.port)},
                      {"PGUSER", database.master_user},
                      {"PGDATABASE", schema}};
  for (const auto& [name, value] : tls)
    environment[name == "sslmode" ? "PGSSLMODE" : "PGSSLROOTCERT"] = value;
  return {{"client", "psql " + shell_word(url("postgresql", database.master_user, database, schema, tls))},
          {"jdbc", jdbc("postgresql", database, schema, tls)},
          {"environment", std::move(environment)}};
}

Json of_mariadb(const Database& database) {
  std::string client = fmt::format("mariadb --host={} --port={} --user={} --password", database.host,
                                   database.port, shell_word(database.master_user));
  if (!database.authority.empty())
    client += fmt::format(" --ssl-ca={} --ssl-verify-server-cert", shell_word(database.authority));
  else if (database.tls == "require")
    client += " --ssl";
  if (!database.db_name.empty()) client += " " + shell_word(database.db_name);
  Json environment = {{"MYSQL_HOST", database.host},
                      {"MYSQL_TCP_PORT", std::to_string(database.port)},
                      {"MYSQL_USER", database.master_user}};
  if (!database.db_name.empty()) environment["MYSQL_DATABASE"] = database.db_name;
  return {{"client", std::move(client)},
          {"jdbc", jdbc("mariadb", database, database.db_name, mariadb_jdbc_tls(database))},
          {"environment", std::move(environment)}};
}

/// The one that says where this database is; "" if none does.
std::string secret_of(LocalWorld& world, const Database& database) {
  for (const auto& name : world.secrets.names()) {
    const auto secret = world.secrets.get(name, provider::SecretStore::Stage::current);
    const Json value = secret ? Json::parse(secret->reveal(), nullptr, false) : Json();
    if (value.is_object() && value.value("host", Json()) == database.host &&
        value.value("port", Json()) == database.port &&
        value.value("username", Json()) == database.master_user)
      return name;
  }
  return "";
}

/// Whose password opens it: its primary's, or its cluster's.
Database opened_as(LocalWorld& world, const Database& database) {
  const auto& other = database.cluster.empty() ? database.replica_of : database.cluster;
  return other.empty() ? database : world.databases.get(other).value_or(database);
}

Json or_null(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

}  // namespace

std::string shell_word(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

Json clients_view(LocalWorld& world, const Database& database) {
  Json view =
      provider::family_of(database.engine) == "postgres" ? of_postgres(database) : of_mariadb(database);
  const auto secret = secret_of(world, opened_as(world, database));
  view.update({{"name", database.name},
               {"host", database.host},
               {"port", database.port},
               {"user", database.master_user},
               {"database", or_null(database.db_name)},
               {"open", database.open},
               {"tls", or_null(database.tls)},
               {"authority", or_null(database.authority)},
               {"secret", or_null(secret)},
               {"secretCommand", secret.empty() ? Json() : Json(world.secrets.how_to_read(secret))}});
  return view;
}

}  // namespace runs
