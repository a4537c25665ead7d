#include "provider/local/creation.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "os/port.h"
#include "sql/schemas.h"

namespace provider::local {
namespace {

using base::Error;

std::optional<std::string> owner_of(sql::Connection& source, const std::string& family,
                                    const std::string& database) {
  if (family != "postgres") return std::nullopt;
  return source.scalar(fmt::format("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = {}",
                                   source.quote(database)));
}

/// The master has all rights in the database that it begins with.
void must_be_for_users(const Row& row) {
  const std::string name = base::lower(row.db_name);
  const bool of_mariadb =
      std::string_view(sql::mariadb_own_schemas).find("'" + name + "'") != std::string_view::npos;
  if (of_mariadb || name == "template0" || name == "template1")
    throw Error("BadInput", fmt::format("the database '{}' is the server's own", row.db_name),
                "choose another one with --database");
}

std::string version_of(sql::Connection& server, const std::string& family) {
  return server.scalar(family == "postgres" ? "SHOW server_version" : "SELECT VERSION()").value_or("");
}

/// Of a server of this host whose files we may read; "" otherwise. PostgreSQL's are never needed: its own
/// copy goes over the connection.
std::string readable_data_folder(sql::Connection& server, const sql::Endpoint& where) {
  const bool here =
      !where.socket.empty() || where.host == "127.0.0.1" || where.host == "localhost" || where.host == "::1";
  if (where.family == "postgres" || !here) return {};
  std::string folder = server.scalar("SELECT @@datadir").value_or("");
  std::error_code unreadable;
  const os::fs::directory_iterator first(folder, unreadable);
  return unreadable || first == os::fs::directory_iterator() ? "" : folder;
}

/// The one that is named, or the only one; "" of a server without any.
std::string choose_database(const sql::Endpoint& server, const std::string& wanted) {
  const auto all = sql::schemas_of(server);
  if (wanted.empty() && all.size() > 1)
    throw Error("AmbiguousDatabase",
                fmt::format("the server has {} databases: {}", all.size(), base::join(all, ", ")),
                "--database names the one that scripts run in");
  if (wanted.empty()) return all.empty() ? "" : all.front();
  if (std::ranges::find(all, wanted) != all.end()) return wanted;
  throw Error("NoSuchDatabase",
              fmt::format("the server has no database '{}' that its user may see; it has {}", wanted,
                          all.empty() ? "none" : base::join(all, ", ")));
}

/// All that is wrong, at once.
void must_be_sound(const Listening& listening, const std::string& family, base::Time now) {
  auto faults = faults_of(listening);
  if (faults.empty()) faults = faults_here(listening, family, now);
  std::vector<std::string> wrong;
  for (const auto& [member, why] : faults) wrong.push_back(fmt::format("{}: {}", member, why));
  if (!wrong.empty())
    throw Error("BadInput", base::join(wrong, "; "), "dbrefresh local create --help has all options");
}

}  // namespace

std::string normal_engine(const std::string& engine) {
  if (engine == "mysql" || engine == "mariadb") return "mariadb";
  if (engine == "postgres" || engine == "postgresql") return "postgres";
  if (engine == "aurora" || engine == "aurora-mysql") return "aurora-mysql";
  if (engine == "aurora-postgresql") return engine;
  throw Error("UnsupportedEngine", fmt::format("'{}' is not served", engine),
              "one of mariadb, postgres, aurora-mysql, aurora-postgresql");
}

void Creation::make(Row& row, const base::Secret& password, const Budget& budget) {
  const auto made = fleet_.server(row);
  made->initialise(row.settings, budget);
  made->certify(budget.clock.now());
  made->configure(true, row.settings);
  made->start_first("", budget);
  made->set_master_login(row.master_user, password, budget);
  if (!row.db_name.empty()) made->create_database(row.db_name, row.master_user);
  row.version = version_of(*made->administrate(), family_of(row.engine));
}

std::string Creation::create(const NewDatabase& request, const Budget& budget) {
  const std::string engine = normal_engine(request.engine);
  const Kind kind = engine.starts_with("aurora") ? Kind::cluster : Kind::instance;
  must_be_sound(request.listening, family_of(engine), budget.clock.now());
  Row row{.kind = kind,
          .id = new_id(kind),
          .name = must_be_name(request.name),
          .engine = engine,
          .status = "creating",
          .port = request.port != 0 ? request.port : fleet_.any_port(request.listening),
          .master_user = request.master_user,
          .db_name = request.db_name,
          .tags = request.tags,
          .settings = {{"retention_days", request.retention_days}}};
  must_be_for_users(row);
  if (is_said(request.listening)) row.settings["listen"] = to_json(request.listening);
  const std::string writer = must_be_name(request.writer.empty() ? row.name + "-1" : request.writer);
  for (const Row& other : fleet_.rows().all())
    if (other.port == row.port && is_ours(other))  // closed now, perhaps
      throw Error("PortTaken", fmt::format("port {} is that of {}", row.port, other.name),
                  "choose another one with --port");
  if (const auto address = listening_of(row).address; !os::port_is_free(row.port, address))
    throw Error("PortTaken", fmt::format("port {} of {} is taken", row.port, address),
                "choose another one with --port");
  auto held = std::optional(fleet_.lock(row.id));
  fleet_.rows().add(row);
  try {
    make(row, request.master_password, budget);
  } catch (const Error&) {
    removal_.discard(row, budget);
    throw;
  }
  fleet_.rows().change(row.id, [&](Row& now) {
    now.version = row.version;
    now.status = "available";
  });
  held.reset();
  if (kind == Kind::cluster)
    finished(budget, [&] {
      return copies_.create(
          {.token = "writer of " + row.id, .of = row.id, .name = writer, .tags = request.tags}, budget);
    });
  if (request.retention_days > 0) snapshots_.back_up(row, budget);
  return row.id;
}

std::string Creation::adopt(const AdoptRequest& request, const Budget& budget) {
  Row row{.id = new_id(Kind::instance),
          .name = must_be_name(request.name),
          .engine = normal_engine(request.engine),
          .status = "available",
          .port = request.port,
          .master_user = request.master_user,
          .settings = {{"retention_days", request.retention_days}}};
  const std::string family = family_of(row.engine);
  if (row.port == 0) row.port = family == "postgres" ? 5432 : 3306;
  sql::Endpoint login{.family = family,
                      .socket = request.socket,
                      .host = request.host.empty() ? "127.0.0.1" : request.host,
                      .port = row.port,
                      .user = request.user,
                      .password = request.password};
  const auto source = sql::connect(login, std::chrono::seconds(10));
  row.version = version_of(*source, family);
  if (request.port == 0 && family == "mariadb")  // by its socket, which says no port
    row.port = std::atoi(source->scalar("SELECT @@port").value_or("0").c_str());
  row.db_name = choose_database(login, request.db_name);
  if (row.master_user.empty())
    row.master_user = owner_of(*source, family, row.db_name).value_or(request.user);
  row.adopted = {{"socket", request.socket},
                 {"host", login.host},
                 {"port", row.port},
                 {"user", request.user},
                 {"datadir", readable_data_folder(*source, login)}};
  for (const auto& each : fleet_.server(row)->objections(
           *source, {.administrator = login, .data = row.adopted.at("datadir").get<std::string>()}))
    if (!each.warning)
      throw Error("UnsupportedOperation", fmt::format("'{}' cannot be copied: it {}", row.name, each.message),
                  "docs/adopting.md says what it and its user need");
  fleet_.rows().add(row);
  const auto secret = adopted_secret(row.id);
  fleet_.secrets().put_pending(
      secret,
      base::Secret(base::Json{{"username", request.user}, {"password", request.password.reveal()}}.dump()));
  fleet_.secrets().promote(secret);
  try {
    if (request.retention_days > 0) snapshots_.back_up(row, budget);
  } catch (const std::exception&) {
    removal_.discard(row, budget);
    throw;
  }
  return row.id;
}

}  // namespace provider::local
