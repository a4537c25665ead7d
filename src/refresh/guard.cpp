#include "refresh/guard.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace refresh {
namespace {

using provider::Budget;
using provider::Database;
using provider::Tags;

std::string tag(const Database& database, const char* name) {
  const auto found = database.tags.find(name);
  return found == database.tags.end() ? std::string() : found->second;
}

bool holds(const base::Json& ids, const std::string& id) {
  if (ids.is_string()) return ids == id;
  return ids.is_array() && std::ranges::find(ids, base::Json(id)) != ids.end();
}

}  // namespace

Guard::Guard(provider::DatabaseService& service, std::string run, const base::Json& pins)
    : service_(service), run_(std::move(run)), pins_(pins) {}

std::vector<Database> Guard::made(provider::Kind kind) {
  auto all = service_.list();
  std::erase_if(all,
                [&](const Database& each) { return each.kind != kind || tag(each, "refresh-run") != run_; });
  return all;
}

void Guard::allow(const std::string& verb, const std::string& id) {
  const auto database = service_.get(id);
  if (!database)
    throw base::Error("DBInstanceNotFound", fmt::format("the database with the resource id {} is gone", id));
  auto refuse = [&](const std::string& why) {
    throw base::Error("GuardRefused", fmt::format("{} of {} {} ({}) is refused: {}", verb,
                                                  to_string(database->kind), database->name, id, why));
  };
  if (holds(pins_.value("source", base::Json()), id) ||
      holds(pins_.value("source", base::Json()), database->cluster))
    refuse("it is the source");
  if (tag(*database, "refresh") != "true") refuse("it does not carry the tag refresh=true");
  const bool pinned = holds(pins_.value("old", base::Json()), id) ||
                      holds(pins_.value("old_members", base::Json()), id) ||
                      holds(pins_.value("old_replicas", base::Json()), id);
  if (tag(*database, "refresh-run") != run_ && !pinned)
    refuse("it was neither made by this run nor pinned when the run was planned");
}

Tags Guard::with_run(Tags tags) const {
  tags["refresh"] = "true";
  tags["refresh-run"] = run_;
  return tags;
}

provider::Restored Guard::restore(const provider::RestoreRequest& request, const Budget& budget) {
  auto ours = request;
  ours.tags = with_run(request.tags);
  return service_.restore(ours, budget);
}

Database Guard::create_member(const std::string& cluster, const std::string& name, Tags tags,
                              const base::Json& settings, const Budget& budget) {
  allow("adding an instance", cluster);
  return service_.create_member(cluster, name, with_run(std::move(tags)), settings, budget);
}

Database Guard::create_replica(const std::string& of, const std::string& name, int port, Tags tags,
                               const base::Json& settings, const Budget& budget) {
  allow("adding a replica", of);
  return service_.create_replica(of, name, port, with_run(std::move(tags)), settings, budget);
}

void Guard::set_master_password(const std::string& id, const base::Secret& password) {
  allow("a change of the password", id);
  service_.set_master_password(id, password);
}
void Guard::rename(const std::string& id, const std::string& name) {
  allow("renaming", id);
  service_.rename(id, name);
}
void Guard::set_open(const std::string& id, bool open, const Budget& budget) {
  allow(open ? "opening" : "closing", id);
  service_.set_open(id, open, budget);
}
void Guard::stop(const std::string& id, const Budget& budget) {
  allow("stopping", id);
  service_.stop(id, budget);
}
void Guard::start(const std::string& id, const Budget& budget) {
  allow("starting", id);
  service_.start(id, budget);
}
void Guard::remove(const std::string& id, const Budget& budget) {
  allow("deletion", id);
  service_.remove(id, budget);
}
void Guard::add_tags(const std::string& id, const Tags& tags) {
  allow("tagging", id);
  service_.add_tags(id, tags);
}
std::unique_ptr<sql::Connection> Guard::login(const std::string& id, const base::Secret& password) {
  allow("a login", id);
  return service_.login(id, password);
}

}  // namespace refresh
