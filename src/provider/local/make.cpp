// How instances come into being: made new, adopted, restored.
#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "provider/local/accounts.h"
#include "provider/local/databases.h"

namespace provider::local {

using base::Error;

namespace {

std::string first_database(sql::Connection& source) {
  return source
      .scalar(
          "SELECT schema_name FROM information_schema.schemata WHERE schema_name NOT IN "
          "('mysql', 'information_schema', 'performance_schema', 'sys') ORDER BY 1")
      .value_or("");
}

}  // namespace

Database Databases::create(const CreateRequest& request, const Waiting& waiting) {
  Row row{.id = "db-" + os::random_text(18),
          .name = base::lower(request.name),
          .engine = "mariadb",
          .status = "creating",
          .port = request.port != 0 ? request.port : os::any_free_port(),
          .master_user = request.master_user,
          .db_name = request.db_name,
          .tags = request.tags,
          .settings = base::Json::object()};
  if (!os::port_is_free(row.port))
    throw Error("PortTaken", fmt::format("port {} of 127.0.0.1 is taken", row.port),
                "choose another one with --port");
  const auto held = lock(row.id);
  catalogue_.add(row);
  try {
    const auto made = server(row.id);
    made.initialise(waiting);
    made.configure(row.port, true, row.settings);
    made.start(true, waiting);
    const auto admin = made.administrate();
    set_master_login(*admin, row.master_user, request.master_password);
    if (!row.db_name.empty()) {
      std::string name;
      for (const char c : row.db_name) name += c == '`' ? std::string("``") : std::string(1, c);
      admin->execute(fmt::format("CREATE DATABASE IF NOT EXISTS `{}` CHARACTER SET utf8mb4", name), 0);
    }
    row.version = admin->scalar("SELECT VERSION()").value_or("");
  } catch (const Error&) {
    discard(row.id, waiting);
    throw;
  }
  row.status = "available";
  catalogue_.update(row);
  return describe(row);
}

Database Databases::adopt(const AdoptRequest& request, const Waiting&) {
  Row row{.id = "db-" + os::random_text(18),
          .name = base::lower(request.name),
          .engine = "mariadb",
          .status = "available",
          .port = request.port,
          .master_user = request.user,
          .settings = base::Json::object()};
  sql::Endpoint login{.family = "mariadb",
                      .socket = request.socket,
                      .host = request.host.empty() ? "127.0.0.1" : request.host,
                      .port = request.port,
                      .user = request.user,
                      .password = request.password};
  const auto source = sql::connect(login, std::chrono::seconds(10));
  const std::string datadir = source->scalar("SELECT @@datadir").value_or("");
  std::error_code unreadable;
  if (!os::fs::is_directory(datadir, unreadable) ||
      os::fs::directory_iterator(datadir, unreadable) == os::fs::directory_iterator())
    throw Error("SourceUnreadable",
                fmt::format("the data folder {} of '{}' cannot be read by user {}", datadir, request.name,
                            os::current_user().name),
                "adopt a server of this host, as root or as the user it runs as");
  row.version = source->scalar("SELECT VERSION()").value_or("");
  row.db_name = first_database(*source);
  if (row.port == 0) row.port = std::atoi(source->scalar("SELECT @@port").value_or("0").c_str());
  row.adopted = {{"socket", request.socket},
                 {"host", login.host},
                 {"port", row.port},
                 {"user", request.user},
                 {"datadir", datadir}};
  catalogue_.add(row);
  secrets_.put_pending(
      "local/" + row.id,
      base::Secret(base::Json{{"username", request.user}, {"password", request.password.reveal()}}.dump()));
  secrets_.promote("local/" + row.id);
  return describe(row);
}

Restored Databases::restore(const RestoreRequest& request, const Waiting& waiting) {
  const Row source = must_get(request.source);
  Row row{.id = "db-" + os::random_text(18),
          .name = request.name,
          .engine = source.engine,
          .version = source.version,
          .status = "creating",
          .port = request.port,
          .master_user = source.master_user,
          .db_name = source.db_name,
          .tags = request.tags,
          .open = false};
  const auto held = lock(row.id);
  row.settings = settings_of(*sql::connect(administrator(source), std::chrono::seconds(10)));
  catalogue_.add(row);
  Copied copied;
  std::size_t locked = 0;
  try {
    const os::fs::path partial = home_.instance(row.id).string() + ".partial";
    os::make_folder(partial, 0700, home_.server_user);
    copied = copy_mariadb(home_, copy_source(source), partial / "data", waiting);
    os::sync_tree(partial);
    os::fs::rename(partial, home_.instance(row.id));
    const auto made = server(row.id);
    made.configure(row.port, false, row.settings);
    waiting.progress({{"what", "starting the copy, closed to users"}});
    made.start(true, waiting);
    locked = lock_logins(*made.administrate(), made.administrators(), row.master_user);
  } catch (const Error&) {
    discard(row.id, waiting);
    throw;
  }
  row.status = "available";
  catalogue_.update(row);
  return {describe(row), copied.data_time,
          fmt::format("{}; {} logins of the source locked", copied.method, locked)};
}

}  // namespace provider::local
