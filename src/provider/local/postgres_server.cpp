#include "provider/local/postgres_server.h"

#include <fmt/format.h>
#include <signal.h>

#include <set>

#include "base/error.h"
#include "base/text.h"
#include "os/addresses.h"
#include "provider/local/postgres_rights.h"

namespace provider::local {
namespace {

using base::Error;
using namespace std::chrono_literals;

constexpr const char* preload = "shared_preload_libraries";  ///< not while what they see is unmasked

/// Small servers: several stand on one host. No jobs of a source run in its copy: of its libraries those that
/// only watch are preloaded, and no subscription works. /dev/shm may be small, or not ours to write to.
constexpr std::string_view fixed_settings = R"(shared_buffers = 32MB
wal_level = replica
max_wal_senders = 10
wal_keep_size = 512MB
shared_preload_libraries = ''
dynamic_shared_memory_type = mmap
recovery_init_sync_method = syncfs
max_logical_replication_workers = 0
logging_collector = off
log_min_messages = warning
log_min_error_statement = panic
lc_messages = 'C'
)";

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
  return out + "'";
}

}  // namespace

os::fs::path postgres_program(const std::string& name, const os::fs::path& data) {
  std::string major;
  if (!data.empty()) major = base::trim(os::read_regular(data / "PG_VERSION", 64));
  os::fs::path newest;
  int newest_major = 0;
  std::error_code error;
  for (os::fs::directory_iterator at("/usr/lib/postgresql", error), end; !error && at != end;
       at.increment(error)) {
    const std::string version = at->path().filename();
    const auto candidate = os::find_program(at->path() / "bin" / name);
    const int number = std::atoi(version.c_str());
    if (candidate.empty() || number <= newest_major || (!major.empty() && version != major)) continue;
    newest = candidate;
    newest_major = number;
  }
  return newest.empty() && major.empty() ? os::find_program(name) : newest;
}

int PostgresServer::stop_signal() const {
  return SIGINT;  // fast: sessions are ended, the data is written
}
/// Logins that came too early are no reason for anything.
bool PostgresServer::is_error(const std::string& log_line) const {
  return (log_line.find("FATAL:") != std::string::npos || log_line.find("PANIC:") != std::string::npos) &&
         log_line.find("the database system is") == std::string::npos;
}

std::vector<std::string> PostgresServer::missing_programs() const {
  std::vector<std::string> missing;
  for (const char* name : {"postgres", "initdb", "pg_basebackup", "pg_receivewal"})
    if (postgres_program(name).empty()) missing.emplace_back(name);
  return missing;
}

void PostgresServer::initialise(const base::Json&, const Budget& budget) const {
  const auto account = home_.accounts().claim(folder());
  const auto initdb = postgres_program("initdb");
  os::run_or_throw({.argv = {initdb.empty() ? "initdb" : initdb.string(), "-D", data().string(), "-U",
                             administrator, "-E", "UTF8", "--locale=C.UTF-8", "--data-checksums",
                             "--auth-local=peer", "--auth-host=scram-sha-256", "--no-instructions"},
                    .user = account},
                   budget.clock, budget.until, budget.stop);
}

/// pg_hba.conf: who comes over the network, with a password.
std::string PostgresServer::network_access() const {
  auto from = listening_.networks;
  if (os::is_loopback(listening_.address))
    from = {os::is_ipv6(listening_.address) ? "::1/128" : "127.0.0.1/32"};
  if (from.empty()) from = {"all"};
  std::string access;
  for (const auto& each : from)
    access +=
        fmt::format("{} all all {} scram-sha-256\n", listening_.tls == "require" ? "hostssl" : "host", each);
  return access;
}

void PostgresServer::write_access(bool open, const std::string& also) const {
  std::string access = "# Written by dbrefresh at every start; changes are lost.\n";
  std::string map = access;
  const std::set<std::string> us = {"root", account().name, os::current_user().name};
  auto let_us_be = [&](const std::string& role) {
    access +=
        fmt::format("local all \"{}\" peer map=ours\nlocal replication \"{}\" peer map=ours\n", role, role);
    for (const auto& name : us) map += fmt::format("ours \"{}\" \"{}\"\n", name, role);
  };
  let_us_be(administrator);
  if (!also.empty()) let_us_be(also);
  if (!open) {
    access += fmt::format("local all \"{}\" peer map=ours\n", script_role);
    for (const auto& name : us) map += fmt::format("ours \"{}\" \"{}\"\n", name, script_role);
  }
  access += "local all all scram-sha-256\n";
  if (open) access += network_access();
  write_own(folder() / "hba.conf", access);
  write_own(folder() / "ident.conf", map);
}

/// A segment has its own name in the archive only when it is whole and on the disk.
std::string PostgresServer::archive_settings() const {
  const auto folder = home_.archive(id_);
  os::make_folder(folder, 0700, account());
  return fmt::format(
      "archive_mode = on\narchive_command = 'test -f \"{0}/%f\" || (cp --reflink=auto \"%p\" \"{0}/.%f\" && "
      "sync "
      "\"{0}/.%f\" && mv \"{0}/.%f\" \"{0}/%f\")'\n",
      folder.string());
}

void PostgresServer::configure(bool open, const base::Json& settings) const {
  std::string text = fmt::format(
      "# Written by dbrefresh at every start; changes are lost.\ndata_directory = {}\nhba_file = "
      "{}\nident_file = "
      "{}\nunix_socket_directories = {}\nport = {}\nlisten_addresses = '{}'\n{}",
      quoted(data()), quoted(folder() / "hba.conf"), quoted(folder() / "ident.conf"), quoted(folder()), port_,
      open ? listening_.address : "", fixed_settings);
  if (open && listening_.tls != "off")
    text += fmt::format(
        "ssl = on\nssl_cert_file = {0}\nssl_key_file = {0}\nssl_min_protocol_version = "
        "'TLSv1.2'\n",
        quoted(certificate_file()));
  if (settings.contains("server"))
    for (const auto& [name, value] : settings["server"].items())
      if (open || name != preload) text += fmt::format("{} = {}\n", name, quoted(value.get<std::string>()));
  if (open && settings.value("retention_days", 0) > 0) text += archive_settings();
  if (settings.contains("replica"))
    text += fmt::format("primary_conninfo = '{}'\n", settings["replica"].at("primary").get<std::string>());
  write_own(settings_file(), text);
  write_access(open, "");
  if (settings.contains("replica")) write_own(data() / "standby.signal", "");
  // What its source had set by ALTER SYSTEM is not for a copy.
  write_own(data() / "postgresql.auto.conf", "");
}

/// Its processes end by themselves when it was killed; until then its data is in use.
void PostgresServer::await_orphans(const Budget& budget) const {
  const auto enough = budget.clock.now() + 30s;
  const auto ours = os::fs::canonical(folder()) / data().filename();
  while (os::find_working_in(ours, server_programs())) {
    if (budget.clock.now() >= enough)
      throw Error("DeadlineExceeded", fmt::format("processes of {} that was killed do not end", id_));
    if (!budget.clock.sleep_until(budget.clock.now() + 10ms, budget.stop))
      throw Error("Interrupted", "stopped while a server was starting");
  }
}

/// Nothing works in our folder, so what these say is a dead one's. One whose pid means another process by now
/// would keep us from starting; any other is left to PostgreSQL, which finds its shared memory by it.
void PostgresServer::remove_stale_locks() const {
  for (const auto& file : {data() / "postmaster.pid", folder() / fmt::format(".s.PGSQL.{}.lock", port_)}) {
    std::error_code gone;
    if (os::fs::exists(file, gone) &&
        os::fs::exists(fmt::format("/proc/{}", std::atoi(os::read_regular(file, 4096).c_str())), gone))
      os::remove_tree(file);
  }
}

/// A line of postmaster.pid is key and id of its segment; a server that stops removes both. What is no such
/// file names nothing.
void PostgresServer::remove_remains(const Budget& budget) const {
  std::error_code none;
  if (!os::fs::is_regular_file(data() / "postmaster.pid", none)) return;
  await_orphans(budget);
  std::string said;
  try {
    said = os::read_regular(data() / "postmaster.pid", 4096);
  } catch (const Error&) {
    return;  // it was put there by somebody else than PostgreSQL
  }
  for (const auto& line : base::split_list(said, '\n')) {
    const auto words = base::split_list(line, ' ');
    if (words.size() == 2) os::remove_shared_memory(std::atoi(words[1].c_str()), account());
  }
}

os::ProcessId PostgresServer::launch(const Budget& budget) const {
  rotate_log();
  const auto postgres = postgres_program("postgres", data());
  if (postgres.empty())
    throw Error("ProgramNotFound", fmt::format("no PostgreSQL {} is installed, which made the data of {}",
                                               base::trim(os::read_regular(data() / "PG_VERSION", 64)), id_));
  await_orphans(budget);
  remove_stale_locks();
  return os::start({.argv = {postgres.string(), "--config-file=" + settings_file().string()},
                    .user = account(),
                    .folder = data(),
                    .output = folder() / "server.log"});
}

/// A line of postmaster.pid says when it is ready (pidfile.h); to ask by logging in costs the server a
/// process.
std::unique_ptr<sql::Connection> PostgresServer::start_as(const std::vector<std::string>& roles,
                                                          const Budget& budget) const {
  std::unique_ptr<sql::Connection> session;
  auto try_each = [&] {
    if (os::read_regular(data() / "postmaster.pid", 4096).find("\nready") == std::string::npos)
      throw Error("ServerStarting", fmt::format("PostgreSQL of {} is not ready", id_));
    for (const auto& role : roles) {
      try {
        session = log_in(role, "postgres");
        return;
      } catch (const Error& error) {
        if (error.code != "AccessDenied" || &role == &roles.back()) throw;
      }
    }
  };
  await_start(launch(budget), try_each, budget);
  return session;
}

void PostgresServer::show_certificate() const {
  administrate()->query("SELECT pg_reload_conf()");
}

void PostgresServer::start(const Budget& budget) const {
  if (!process()) start_as({administrator}, budget);
}

void PostgresServer::roll_back_prepared(sql::Connection& admin) const {
  if (!admin.scalar("SELECT 1 FROM pg_prepared_xacts LIMIT 1")) return;
  in_every_database([](sql::Connection& database) {
    execute_each(database,
                 "SELECT format('ROLLBACK PREPARED %L', gid) FROM pg_prepared_xacts WHERE database = "
                 "current_database()");
  });
}

void PostgresServer::take_over(std::unique_ptr<sql::Connection> session, const std::string& superuser) const {
  const auto heir = become_first(*session);
  session = as_administrator("postgres");
  if (!superuser.empty()) {
    write_access(false, "");  // from now on a password, or nobody, opens that role
    session->query("SELECT pg_reload_conf()");
  }
  roll_back_prepared(*session);
  if (!heir.empty()) {
    session->execute("DROP ROLE dbrefresh_passing", 0);
    in_every_database([&](sql::Connection& database) {
      hand_over(database, heir);
      share_default_privileges(database, administrator, heir);
    });
  }
  drop_reaching_roles(*session);
}

void PostgresServer::start_first(const std::string& superuser, const Budget& budget) const {
  if (!superuser.empty()) write_access(false, superuser);
  take_over(start_as(superuser.empty() ? std::vector<std::string>{administrator}
                                       : std::vector<std::string>{superuser, administrator},
                     budget),
            superuser);
}

sql::Endpoint PostgresServer::socket_endpoint() const {
  return {.family = "postgres", .socket = folder().string(), .port = port_};
}

sql::Endpoint PostgresServer::administrator_endpoint() const {
  auto endpoint = socket_endpoint();
  endpoint.user = administrator;
  return endpoint;
}

std::unique_ptr<sql::Connection> PostgresServer::log_in(const std::string& role,
                                                        const std::string& database) const {
  auto endpoint = socket_endpoint();
  endpoint.user = role;
  endpoint.database = database;
  return sql::connect(endpoint, 10s);
}

std::uint64_t PostgresServer::size_of(sql::Connection& source) const {
  return std::strtoull(source
                           .scalar("SELECT sum(pg_database_size(oid))::bigint FROM pg_database WHERE "
                                   "has_database_privilege(oid, 'CONNECT')")
                           .value_or("0")
                           .c_str(),
                       nullptr, 10);
}

/// The first superuser (oid 10, BOOTSTRAP_SUPERUSERID) or, where that one may not log in, another.
std::string PostgresServer::superuser_of(sql::Connection& source) const {
  if (source.scalar("SELECT rolname FROM pg_roles WHERE oid = 10") == administrator) return {};
  return source.scalar("SELECT rolname FROM pg_roles WHERE rolsuper AND rolcanlogin ORDER BY oid LIMIT 1")
      .value_or("");
}

}  // namespace provider::local
