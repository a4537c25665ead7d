#include "provider/aws/databases.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "provider/aws/connections.h"
#include "provider/aws/model.h"
#include "provider/aws/objections.h"
#include "provider/aws/past.h"
#include "provider/aws/sessions.h"
#include "sql/schemas.h"

namespace provider::aws {

Databases::Databases(::aws::Api& api, Settings settings, base::Clock& clock, Connect connect,
                     SourceAccount* source)
    : settings_(std::move(settings)),
      connect_(std::move(connect)),
      service_(api, clock),
      reader_(service_, settings_),
      quarantine_(service_, settings_),
      account_{service_, reader_, quarantine_, settings_, connect_, source},
      restores_(account_),
      members_(account_),
      changes_(account_),
      removals_(account_) {}

std::vector<Database> Databases::find(const Selector& selector) {
  const auto fleet = reader_.now(service_.own_budget(), selector.id);
  const auto name = base::lower(selector.name);
  std::vector<Database> out;
  for (const auto kind : {Kind::instance, Kind::cluster})
    for (const Json& each : fleet->all(kind)) {
      const bool fits =
          (!selector.kind || *selector.kind == kind) && (name.empty() || name_of(each) == name) &&
          (selector.id.empty() || id_of(each) == selector.id) &&
          std::ranges::all_of(selector.tags,
                              [&](const auto& tag) { return label(each, tag.first) == tag.second; });
      if (fits) out.push_back(describe(*fleet, each));
    }
  return out;
}

std::optional<Database> Databases::find_source(Kind kind, const std::string& name) {
  if (account_.source == nullptr) return find(kind, name);
  const auto fleet = account_.source->reader().now(service_.own_budget());
  const Json* found = fleet->by_name(kind, name);
  return found == nullptr ? std::nullopt : std::optional(describe(*fleet, *found));
}

std::vector<Objection> Databases::check(const Intent& intent) {
  return Objections(account_).check(intent);
}

Work<Restored> Databases::restore(const RestoreRequest& request, const Budget& budget) {
  return restores_.restore(request, budget);
}

Work<Database> Databases::create(const CreateRequest& request, const Budget& budget) {
  return members_.create(request, budget);
}

Work<Database> Databases::make_so(const std::string& id, const Desired& desired, const Budget& budget) {
  return changes_.make_so(id, desired, budget);
}

Work<Done> Databases::remove(const std::string& id, const Budget& budget) {
  return removals_.remove(id, budget);
}

bool Databases::replica_in_sync(const std::string& id) {
  return members_.in_sync(id);
}

Database Databases::must_find(const std::string& id) {
  const auto fleet = reader_.now(service_.own_budget(), id);
  return describe(*fleet, must_get(*fleet, id));
}

/// A value comes a minute late; it is of the name that the database has by then.
std::optional<std::int64_t> Databases::connections(const std::string& id, const Budget& budget) {
  const auto fleet = reader_.now(budget);
  const Json* found = fleet->by_id(id);
  if (found == nullptr) return std::nullopt;
  try {
    return most_connections(service_, instances_of(*found), std::chrono::minutes(3), budget);
  } catch (const base::Error& error) {
    budget.tell({fmt::format("the connections to {} are not counted: {}", name_of(*found), error.message)});
    return std::nullopt;
  }
}

std::optional<std::vector<std::string>> Databases::schemas(
    const std::string& id, const std::optional<base::Secret>& master_password) {
  if (!master_password) return std::nullopt;
  return sql::schemas_of(endpoint_of(account_, must_find(id), *master_password, ""), connect_);
}

Work<Done> Databases::drop_schema(const std::string& id, const std::string& name,
                                  const base::Secret& master_password, const Budget&) {
  const auto database = must_find(id);
  if (tag_of(database, "refresh") != "true")
    throw base::Error("NotOurs", fmt::format("{} does not carry the tag refresh=true", database.name));
  sql::drop_schema(endpoint_of(account_, database, master_password, ""), name, connect_);
  return Done{};
}

/// Whoever asks again goes on with the next table: of one a sample is enough, of all it may take an hour.
Work<Done> Databases::forget_past(const std::string& id, const base::Secret& master_password,
                                  const Budget& budget) {
  const auto fleet = reader_.now(service_.own_budget(), id);
  const Json& found = must_get(*fleet, id);
  const auto database = describe(*fleet, found);
  const bool postgres = family_of(database.engine) == "postgres";
  const auto before = label(found, labels::renewed);
  Renewed renewed{.before = before.empty() ? 0 : std::stoull(before)};
  try {
    for (const auto& schema : postgres ? *schemas(id, master_password) : std::vector<std::string>{""}) {
      const auto session = log_in(account_, database, master_password, schema);
      session->obey(&budget);
      budget.tell({"forgetting what statistics know" + (schema.empty() ? "" : " in " + schema)});
      postgres ? forget_postgres_statistics(*session, renewed) : forget_mysql_past(*session, renewed);
    }
  } catch (const base::Error& error) {
    if (error.code != "DeadlineExceeded") throw;
    const auto count = std::to_string(std::max(renewed.before, renewed.now));
    if (auto pending = add_tags(account_, id, {{labels::renewed, count}}, service_.own_budget()))
      return *pending;
    return soon("statistics of what the copy holds now");
  }
  return Done{};
}

std::unique_ptr<sql::Connection> Databases::login(const std::string& id, const base::Secret& password,
                                                  const std::string& schema) {
  return log_in(account_, must_find(id), password, schema);
}

bool Databases::opens(const std::string& id, const base::Secret& password) {
  const auto fleet = reader_.now(service_.own_budget(), id);
  const Json& database = must_get(*fleet, id);
  return can_log_in(text(database, "Engine")) ? DatabaseService::opens(id, password)
                                              : password_is_reset(account_, database, service_.own_budget());
}

/// As the master, and of a closed copy not before production's other logins are locked.
std::unique_ptr<sql::Connection> Databases::script_session(const std::string& id,
                                                           const base::Secret& master_password,
                                                           const std::string& schema) {
  const auto fleet = reader_.now(service_.own_budget(), id);
  const Json& database = must_get(*fleet, id);
  if (is_closed(*fleet, database) && label(database, labels::logins) != "locked")
    throw base::Error("LoginsOpen", fmt::format("{} still has the logins of its source", called(database)),
                      "its master password must be changed first");
  auto session = log_in(account_, describe(*fleet, database), master_password, schema);
  if (family_of(text(database, "Engine")) == "mariadb") leave_binary_log(*session);
  return session;
}

}  // namespace provider::aws
