#include "refresh/guard.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace refresh {
namespace {

using provider::Budget;
using provider::Database;
using provider::Tags;

bool holds(const base::Json& ids, const std::string& id) {
  if (ids.is_string()) return ids == id;
  return ids.is_array() && std::ranges::find(ids, base::Json(id)) != ids.end();
}

}  // namespace

Guard::Guard(provider::DatabaseService& service, std::string run, const base::Json& pins)
    : service_(service), run_(std::move(run)), pins_(pins) {}

std::optional<Database> Guard::find(provider::Kind kind, const std::string& name) {
  return service_.find(kind, name);
}

std::optional<Database> Guard::get(const std::string& id) {
  auto found = service_.get(id);
  if (found) seen_.insert_or_assign(id, *found);
  return found;
}

std::vector<Database> Guard::made(provider::Kind kind) {
  auto all = service_.find(provider::Selector{.kind = kind, .tags = {{"refresh-run", run_}}});
  for (const auto& each : all) seen_.insert_or_assign(each.id, each);
  return all;
}

void Guard::allow(const std::string& verb, const std::string& id) {
  if (!seen_.contains(id) && !get(id))
    throw base::Error("DBInstanceNotFound", fmt::format("the database with the resource id {} is gone", id));
  allow(verb, seen_.at(id));
}

void Guard::allow(const std::string& verb, const Database& database) const {
  auto refuse = [&](const std::string& why) {
    throw base::Error("GuardRefused", fmt::format("{} of {} {} ({}) is refused: {}", verb,
                                                  to_string(database.kind), database.name, database.id, why));
  };
  const auto pinned = [&](const char* list, const std::string& id) {
    return !id.empty() && holds(pins_.value(list, base::Json()), id);
  };
  if (pinned("source", database.id) || pinned("source", database.cluster)) refuse("it is the source");
  if (tag_of(database, "refresh") != "true") refuse("it does not carry the tag refresh=true");
  if (tag_of(database, "refresh-run") != run_ && !pinned("old", database.id) &&
      !pinned("old_members", database.id) && !pinned("old_replicas", database.id))
    refuse("it was neither made by this run nor pinned when the run was planned");
}

Tags Guard::with_run(Tags tags) const {
  tags["refresh"] = "true";
  tags["refresh-run"] = run_;
  return tags;
}

provider::Work<provider::Restored> Guard::restore(provider::RestoreRequest request, const Budget& budget) {
  request.tags = with_run(std::move(request.tags));
  return service_.restore(request, budget);
}

provider::Work<Database> Guard::create(provider::CreateRequest request, const Budget& budget) {
  allow("adding an instance", request.of);
  request.tags = with_run(std::move(request.tags));
  return service_.create(request, budget);
}

provider::Work<Database> Guard::make_so(const std::string& id, const provider::Desired& desired,
                                        const Budget& budget) {
  allow("a change", id);
  return service_.make_so(id, desired, budget);
}

provider::Work<Database> Guard::adopt(const std::string& id, provider::Desired desired,
                                      const Budget& budget) {
  if (!holds(pins_.value("kept", base::Json()), id))
    throw base::Error("GuardRefused", fmt::format("taking over {} is refused: no run has kept it", id));
  const auto found = get(id);
  if (!found || found->open || tag_of(*found, "refresh") != "true")
    throw base::Error("GuardRefused",
                      fmt::format("taking over {} is refused: it is no closed copy of a refresh", id));
  desired.tags = with_run(std::move(desired.tags));
  return service_.make_so(id, desired, budget);
}

provider::Work<provider::Done> Guard::remove(const std::string& id, const Budget& budget) {
  if (!seen_.contains(id) && !get(id)) return provider::Done{};
  allow("deletion", id);
  return service_.remove(id, budget);
}

std::optional<std::vector<std::string>> Guard::schemas(const std::string& id,
                                                       const std::optional<base::Secret>& password) {
  allow("a look", id);
  return service_.schemas(id, password);
}

provider::Work<provider::Done> Guard::drop_schema(const std::string& id, const std::string& name,
                                                  const base::Secret& password, const Budget& budget) {
  allow("dropping a database", id);
  return service_.drop_schema(id, name, password, budget);
}

provider::Work<provider::Done> Guard::forget_past(const std::string& id, const base::Secret& password,
                                                  const Budget& budget) {
  allow("forgetting what a copy knows", id);
  return service_.forget_past(id, password, budget);
}

std::unique_ptr<sql::Connection> Guard::login(const std::string& id, const base::Secret& password) {
  allow("a login", id);
  return service_.login(id, password, "");
}

bool Guard::opens(const std::string& id, const base::Secret& password) {
  allow("a login", id);
  return service_.opens(id, password);
}

std::unique_ptr<sql::Connection> Guard::script_session(const std::string& id, const base::Secret& password,
                                                       const std::string& schema) {
  allow("a script", id);
  return service_.script_session(id, password, schema);
}

}  // namespace refresh
