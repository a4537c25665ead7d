// How databases come into being: made new, adopted, restored.
#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "provider/local/databases.h"

namespace provider::local {

using base::Error;

namespace {

/// The first database of a server's users, by name; "" if there is none.
std::string first_database(sql::Connection& source, const std::string& family) {
  return source
      .scalar(
          family == "postgres"
              ? "SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres' ORDER BY 1"
              : "SELECT schema_name FROM information_schema.schemata WHERE schema_name NOT IN "
                "('mysql', 'information_schema', 'performance_schema', 'sys') ORDER BY 1")
      .value_or("");
}

std::optional<std::string> owner_of(sql::Connection& source, const std::string& family,
                                    const std::string& database) {
  if (family != "postgres") return std::nullopt;
  return source.scalar(fmt::format("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = {}",
                                   source.quote(database)));
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

std::string new_id(Kind kind) {
  return (kind == Kind::cluster ? "cl-" : "db-") + os::random_text(18);
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

Database Databases::create(const CreateRequest& request, const Budget& budget) {
  const std::string engine = normal_engine(request.engine);
  const Kind kind = engine.starts_with("aurora") ? Kind::cluster : Kind::instance;
  Row row{.kind = kind,
          .id = new_id(kind),
          .name = base::lower(request.name),
          .engine = engine,
          .status = "creating",
          .port = request.port != 0 ? request.port : os::any_free_port(),
          .master_user = request.master_user,
          .db_name = request.db_name,
          .tags = request.tags,
          .settings = {{"retention_days", request.retention_days}}};
  if (!os::port_is_free(row.port))
    throw Error("PortTaken", fmt::format("port {} of 127.0.0.1 is taken", row.port),
                "choose another one with --port");
  auto held = std::optional(lock(row.id));
  catalogue_.add(row);
  try {
    const auto made = server(row);
    made->initialise(row.settings, budget);
    made->configure(true, row.settings);
    made->start_first("", budget);
    made->set_master_login(row.master_user, request.master_password);
    if (!row.db_name.empty()) made->create_database(row.db_name, row.master_user);
    row.version = version_of(*made->administrate(), family_of(engine));
  } catch (const Error&) {
    discard(row, budget);
    throw;
  }
  row.status = "available";
  catalogue_.update(row);
  held.reset();
  if (kind == Kind::cluster)
    create_member(row.id, request.writer.empty() ? row.name + "-1" : request.writer, request.tags, {},
                  budget);
  if (request.retention_days > 0) back_up(row.id, budget);
  return describe(row);
}

Database Databases::adopt(const AdoptRequest& request, const Budget& budget) {
  Row row{.id = new_id(Kind::instance),
          .name = base::lower(request.name),
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
  row.db_name = first_database(*source, family);
  if (row.master_user.empty())
    row.master_user = owner_of(*source, family, row.db_name).value_or(request.user);
  row.adopted = {{"socket", request.socket},
                 {"host", login.host},
                 {"port", row.port},
                 {"user", request.user},
                 {"datadir", readable_data_folder(*source, login)}};
  for (const auto& each : server(row)->objections(
           *source, {.administrator = login, .data = row.adopted.at("datadir").get<std::string>()}))
    if (!each.warning)
      throw Error("UnsupportedOperation", fmt::format("'{}' cannot be copied: it {}", row.name, each.message),
                  "docs/adopting.md says what it and its user need");
  catalogue_.add(row);
  secrets_.put_pending(
      "local/" + row.id,
      base::Secret(base::Json{{"username", request.user}, {"password", request.password.reveal()}}.dump()));
  secrets_.promote("local/" + row.id);
  try {
    if (request.retention_days > 0) back_up(row.id, budget);
  } catch (const std::exception&) {
    discard(row, budget);
    throw;
  }
  return describe(row);
}

Copied Databases::copy_into(const os::fs::path& folder, const Row& source, const Budget& budget,
                            const std::optional<os::Ids>& account) {
  Copied copied;
  home_.build(
      folder,
      [&](const os::fs::path& partial) {
        copied = server(source)->copy(copy_source(source), partial / "data", budget);
      },
      account);
  return copied;
}

void Databases::lay_out(const Row& row, const Snapshot& snapshot, const Budget& budget) {
  const auto from = home_.snapshot(snapshot.id);
  const auto total = os::tree_bytes(from);
  home_.build(home_.instance(row.id), [&](const os::fs::path& partial) {
    copy_tree(from, partial, [&](std::uintmax_t done) {
      budget.tell({"copying", std::min(done, total), total});
      if (budget.stop.stop_requested())
        throw Error("Interrupted", "stopped while a snapshot was being copied");
    });
    os::fs::permissions(partial / "data", os::fs::perms::owner_all);
  });
}

/// `fill` makes the data of the row, which is complete by then but for the settings of a running source, and
/// starts the server; whatever fails, nothing is left behind.
Restored Databases::make(Row row, const Row& origin, const std::function<Copied(Row&, const Server&)>& fill,
                         const Budget& budget) {
  row.engine = origin.engine;
  row.version = origin.version;
  row.master_user = origin.master_user;
  row.db_name = origin.db_name;
  row.settings = {{"never_opened", true}, {"server", origin.settings.value("server", base::Json::object())}};
  const auto held = lock(row.id);
  const auto made = server(row);
  catalogue_.add(row);
  Copied copied;
  std::string vetted;
  try {
    copied = fill(row, *made);
    budget.tell({"locking the logins of the source and checking the copy"});
    vetted = made->vet(row.master_user, home_.strict_checks, budget);
  } catch (const std::exception&) {
    discard(row, budget);
    throw;
  }
  row.status = "available";
  catalogue_.update(row);
  return {describe(row), copied.data_time, copied.method + "; " + vetted};
}

Restored Databases::restore_running(Row row, const Row& source, const Budget& budget) {
  return make(
      std::move(row), source,
      [&](Row& complete, const Server& made) {
        const auto copied = copy_into(home_.instance(complete.id), source, budget);
        complete.settings["server"] = copied.settings;
        made.configure(false, complete.settings);
        budget.tell({"starting the copy, closed to users"});
        made.start_first(copied.superuser, budget);
        return copied;
      },
      budget);
}

Restored Databases::restore_snapshot(Row row, const std::string& name, const Budget& budget) {
  const auto snapshot = find_snapshot(name);
  if (!snapshot) throw Error("DBSnapshotNotFound", fmt::format("there is no snapshot {}", name));
  return make(
      std::move(row), snapshot->origin,
      [&](const Row& complete, const Server& made) {
        lay_out(complete, *snapshot, budget);
        made.configure(false, complete.settings);
        made.start_first(snapshot->origin.settings.value("superuser", ""), budget);
        return Copied{snapshot->data_time, "copy of snapshot " + snapshot->name, {}};
      },
      budget);
}

Restored Databases::restore(const RestoreRequest& request, const Budget& budget) {
  const Row row{.kind = request.kind,
                .id = new_id(request.kind),
                .name = base::lower(request.name),
                .status = "creating",
                .port = request.port,
                .tags = request.tags,
                .open = false};
  if (request.type == RestoreType::from_snapshot) return restore_snapshot(row, request.snapshot, budget);
  const Row source = storage_of(must_get(request.source));
  if (request.type == RestoreType::restore_point) return restore_point(row, source, *request.time, budget);
  return restore_running(row, source, budget);
}

}  // namespace provider::local
