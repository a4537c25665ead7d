#include "provider/local/databases.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "provider/local/admission.h"
#include "sql/schemas.h"

namespace provider::local {

using base::Error;

Databases::Databases(const Home& home, SecretStore& secrets, base::Clock& clock, store::Mode mode)
    : clock_(clock),
      fleet_(home, secrets, mode),
      supervisor_(fleet_, jobs_, clock),
      archive_(fleet_, supervisor_),
      snapshots_(fleet_, archive_),
      removal_(fleet_, jobs_, archive_, snapshots_),
      copies_(fleet_, jobs_, supervisor_, snapshots_, archive_, removal_),
      creation_(fleet_, copies_, snapshots_, removal_),
      jobs_(clock) {}

std::vector<Database> Databases::find(const Selector& selector) {
  const bool look = !selector.name.empty() || !selector.id.empty();
  const std::string name = base::lower(selector.name);
  std::vector<Database> out;
  for (const Row& row : fleet_.rows().all()) {
    const bool fits = (!selector.kind || row.kind == *selector.kind) && (name.empty() || row.name == name) &&
                      (selector.id.empty() || row.id == selector.id) &&
                      std::ranges::all_of(selector.tags, [&](const auto& tag) {
                        const auto found = row.tags.find(tag.first);
                        return found != row.tags.end() && found->second == tag.second;
                      });
    if (fits) out.push_back(supervisor_.describe(row, look));
  }
  return out;
}

Database Databases::shown(const std::string& id) {
  return supervisor_.describe(fleet_.must_get(id), true);
}

std::vector<Objection> Databases::check(const Intent& intent) {
  return Admission(fleet_, supervisor_, snapshots_, clock_).check(intent);
}

Work<Restored> Databases::restore(const RestoreRequest& request, const Budget& budget) {
  return copies_.restore(request, budget);
}

Work<Database> Databases::create(const provider::CreateRequest& request, const Budget& budget) {
  return copies_.create(request, budget);
}

/// A password is set while users are still shut out, and before a stop: it takes a server that runs.
Work<Database> Databases::make_so(const std::string& id, const Desired& desired, const Budget& budget) {
  Row row = fleet_.must_get(id);
  if (desired.name || !desired.tags.empty()) {
    const auto name = desired.name ? must_be_name(*desired.name) : row.name;
    row = fleet_.rows().change(id, [&](Row& now) {
      now.name = name;
      for (const auto& [key, value] : desired.tags) now.tags[key] = value;
    });
  }
  const Power power{desired.open, desired.running};
  if (auto pending = supervisor_.await_change(row, power, budget)) return *pending;
  if (desired.master_password) {
    if (desired.running == true)
      if (auto pending = supervisor_.bring_to(row, {.running = true}, budget)) return *pending;
    if (auto pending = supervisor_.set_master_password(fleet_.must_get(id), *desired.master_password, budget))
      return *pending;
  }
  if (desired.open || desired.running)
    if (auto pending = supervisor_.bring_to(fleet_.must_get(id), power, budget)) return *pending;
  return shown(id);
}

Work<Done> Databases::remove(const std::string& id, const Budget& budget) {
  return removal_.remove(id, budget);
}

bool Databases::replica_in_sync(const std::string& id) {
  const Row row = fleet_.must_get(id);
  if (row.replica_of.empty())
    throw Error("InvalidDBInstanceState", fmt::format("{} is no replica", row.name));
  return fleet_.server(row)->in_step_with(*fleet_.server(fleet_.must_get(row.replica_of)));
}

/// As administrator, whose way in takes no password.
std::optional<std::vector<std::string>> Databases::schemas(const std::string& id,
                                                           const std::optional<base::Secret>&) {
  return sql::schemas_of(fleet_.administrator(fleet_.must_get(id)));
}

Work<Done> Databases::drop_schema(const std::string& id, const std::string& name, const base::Secret&,
                                  const Budget& budget) {
  const Row row = fleet_.must_get(id);
  if (!local::is_ours(row))
    throw Error("InvalidDBInstanceState", fmt::format("{} is adopted: it is only read", row.name));
  const auto key = fmt::format("drop {} of {}", name, id);
  jobs_.begin(key, key, Jobs::Weight::light, std::nullopt,
              [where = fleet_.administrator(row), name](const Budget&) { sql::drop_schema(where, name); });
  if (auto pending = jobs_.await(key, key, budget)) return *pending;
  return Done{};
}

std::unique_ptr<sql::Connection> Databases::login(const std::string& id, const base::Secret& password,
                                                  const std::string& schema) {
  sql::Endpoint where = fleet_.endpoint(fleet_.must_get(id));
  where.password = password;
  if (!schema.empty()) where.database = schema;
  return sql::connect(where, std::chrono::seconds(10));
}

std::unique_ptr<sql::Connection> Databases::script_session(const std::string& id,
                                                           const base::Secret& master_password,
                                                           const std::string& schema) {
  const Row row = fleet_.must_get(id);
  if (!local::is_ours(row) || fleet_.storage_of(row).open) return login(id, master_password, schema);
  auto where = fleet_.server(row)->admit_scripts(row.master_user);
  if (where.user.empty()) return login(id, master_password, schema);
  where.database = schema.empty() ? row.db_name : schema;
  return sql::connect(where, std::chrono::seconds(10));
}

Database Databases::create_new(const NewDatabase& request, const Budget& budget) {
  return shown(creation_.create(request, budget));
}

Database Databases::adopt(const AdoptRequest& request, const Budget& budget) {
  return shown(creation_.adopt(request, budget));
}

std::vector<std::string> Databases::start_all(
    const Budget& budget, const std::function<void(const std::string&, const Error&)>& failed) {
  std::vector<std::string> started;
  for (const Row& row : fleet_.rows().all()) {
    const bool silent = !local::is_ours(row) && LogArchive::keeps_log(row) && !archive_.receives(row);
    if (!silent && !supervisor_.is_down(row)) continue;
    try {
      if (silent)
        archive_.start_receiving(row, budget);
      else
        supervisor_.start(row, budget);
      started.push_back(row.name);
    } catch (const Error& error) {
      failed(row.name, error);
    }
  }
  renew_certificates(budget, failed);
  return started;
}

void Databases::renew_certificates(const Budget& budget,
                                   const std::function<void(const std::string&, const Error&)>& failed) {
  for (const Row& row : fleet_.rows().all()) {
    if (!local::is_ours(row) || row.writer || listening_of(row).tls == "off") continue;
    try {
      supervisor_.renew_certificate(row, budget);
    } catch (const Error& error) {
      failed(row.name, error);
    }
  }
}

std::optional<base::Time> Databases::certificate_until(const std::string& id) {
  const Row row = fleet_.must_get(id);
  return local::is_ours(row) ? fleet_.server(row)->certificate_until() : std::nullopt;
}

Snapshot Databases::create_snapshot(const std::string& id, const std::string& name, const Budget& budget) {
  return snapshots_.create(fleet_.must_get(id), must_be_name(name), false, budget);
}

void Databases::remove_snapshot(const std::string& name) {
  const auto found = snapshots_.find(name);
  if (!found) throw Error("DBSnapshotNotFound", fmt::format("there is no snapshot {}", name));
  snapshots_.remove(*found);
}

Snapshot Databases::back_up(const std::string& id, const Budget& budget) {
  return snapshots_.back_up(fleet_.must_get(id), budget);
}

void Databases::renew_login(const std::string& secret, const Budget& budget) {
  for (const Row& row : fleet_.rows().all()) {
    if (local::is_ours(row) || !LogArchive::keeps_log(row) || adopted_secret(row.id) != secret) continue;
    archive_.stop_receiving(row);
    archive_.start_receiving(row, budget);
  }
}

}  // namespace provider::local
