#include "provider/local/fleet.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "os/addresses.h"
#include "provider/local/certificate.h"

namespace provider::local {

using base::Error;
using namespace std::chrono_literals;

std::string new_id(Kind kind) {
  return (kind == Kind::cluster ? "cl-" : "db-") + os::random_text(18);
}

std::string must_be_name(const std::string& name) {
  if (is_identifier(name)) return base::lower(name);
  throw Error("InvalidParameterValue", fmt::format("'{}' is no name for a database or a snapshot", name),
              std::string(identifier_rule));
}

Row Fleet::must_get(const std::string& id) {
  auto row = rows_.find_id(id);
  if (!row) throw no_such_database(id);
  return *std::move(row);
}

Row Fleet::storage_of(const Row& row) {
  return row.writer ? must_get(row.cluster) : row;
}

std::vector<Row> Fleet::readers_of(const Row& cluster) {
  if (cluster.kind != Kind::cluster) return {};
  auto readers = rows_.members(cluster.id);
  std::erase_if(readers, [](const Row& member) { return member.writer; });
  return readers;
}

std::vector<Row> Fleet::servers_of(const Row& row) {
  std::vector<Row> all = {storage_of(row)};
  for (Row& reader : readers_of(row)) all.push_back(std::move(reader));
  return all;
}

std::unique_ptr<Server> Fleet::server(const Row& row) {
  const Row storage = storage_of(row);
  return make_server(home_, family_of(storage.engine), storage.id, storage.port, listening_of(storage));
}

os::FileLock Fleet::lock(const std::string& id, std::chrono::milliseconds patience) {
  auto held = os::FileLock::try_lock(home_.locks() / id, patience);
  if (held) return *std::move(held);
  Error error("InvalidDBInstanceState", fmt::format("another operation on {} is going on", id));
  error.retryable = true;
  throw error;
}

Listening listening_of(const Row& row) {
  return meant(listening_from(row.settings.value("listen", base::Json::object())));
}

std::vector<ListeningFault> faults_here(const Listening& listening, const std::string& family,
                                        base::Time now) {
  auto faults = faults_of_files(listening, now);
  if (const auto address = meant(listening).address; !os::is_own_address(address)) {
    auto own = os::own_addresses();
    own.insert(own.begin(), os::loopback);
    faults.push_back({"address", fmt::format("'{}' is no address of this host, which has {}", address,
                                             base::join(own, ", "))});
  }
  if (family == "mariadb" && !listening.networks.empty())
    faults.push_back(
        {"networks",
         "are PostgreSQL's: MariaDB asks where a login comes from by its name, and its users make "
         "names for everywhere; a firewall keeps networks out"});
  return faults;
}

Fleet::Place Fleet::place_of(const RestoreRequest& request) {
  Place place{request.shape.port, request.shape.listening};
  const auto replaced = rows_.find_id(request.replaces);
  if (!replaced || !is_ours(*replaced)) return place;
  if (place.port == 0) place.port = replaced->port;
  if (!is_said(place.listening))
    place.listening = listening_from(replaced->settings.value("listen", base::Json::object()));
  return place;
}

int Fleet::any_port(const Listening& listening) {
  std::set<int> others;
  for (const Row& each : rows_.all()) others.insert(each.port);
  return ports_.any(others, meant(listening).address);
}

bool Fleet::is_locked(const std::string& id) {
  return os::is_locked(home_.locks() / id);
}

void Fleet::set_status(const std::string& id, const std::string& status) {
  rows_.change(id, [&](Row& row) { row.status = status; });
}

sql::Endpoint Fleet::endpoint(const Row& row) {
  sql::Endpoint out{.family = family_of(row.engine)};
  if (is_ours(row)) {
    out = server(row)->socket_endpoint();
  } else {
    out.socket = row.adopted.value("socket", "");
    out.host = row.adopted.value("host", "127.0.0.1");
    out.port = row.port;
  }
  out.user = row.master_user;
  out.database = row.db_name;
  return out;
}

sql::Endpoint Fleet::administrator(const Row& row) {
  if (is_ours(row)) return server(row)->administrator_endpoint();
  sql::Endpoint out = endpoint(row);
  out.database.clear();
  out.user = row.adopted.at("user");
  if (const auto secret = secrets_.get(adopted_secret(row.id), SecretStore::Stage::current))
    out.password = base::Secret(base::Json::parse(secret->reveal()).value("password", ""));
  return out;
}

CopySource Fleet::copy_source(const Row& row) {
  CopySource source{.administrator = administrator(row), .ours = is_ours(row)};
  source.data = source.ours ? server(row)->data() : os::fs::path(row.adopted.at("datadir"));
  if (source.ours) source.process = server(row)->process();
  return source;
}

std::uint64_t Fleet::bytes(const Row& row) {
  if (is_ours(row)) return os::tree_bytes(server(row)->data());
  try {
    return server(row)->size_of(*sql::connect(administrator(row), 5s));
  } catch (const Error&) {
    return 0;  // it does not run; its status says so
  }
}

}  // namespace provider::local
