#include "runs/view.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "engine/ownership.h"
#include "refresh/document.h"
#include "refresh/headway.h"
#include "refresh/lookup.h"
#include "refresh/masking.h"
#include "refresh/workflow.h"
#include "runs/efforts.h"
#include "runs/left.h"

namespace runs {
namespace {

using base::Json;

Json time(const std::optional<base::Time>& value) {
  return value ? Json(base::iso_utc(*value)) : Json();
}

Json text(const std::string& value) {
  return value.empty() || value == "null" ? Json() : Json(value);
}

/// A time as the ledger has it.
Json zoned(const std::string& value) {
  const auto parsed = base::parse_ledger_utc(value);
  return parsed ? time(parsed) : text(value);
}

/// What came of an attempt that has no outcome is unknown, unless it is still being made.
Json attempts_of(Books& books, const store::ExecutionRow& row) {
  Json list = Json::array();
  const char* open = row.status == "RUNNING" && is_driven(books, row) ? "running" : "unknown";
  for (const auto& each : books.journal.attempts(row.id))
    list.push_back({{"state", each.state},
                    {"tries", each.tries},
                    {"started", time(each.started)},
                    {"ended", time(each.ended)},
                    {"outcome", each.outcome.empty() ? open : each.outcome}});
  return list;
}

Json events_of(Books& books, const std::string& id) {
  Json list = Json::array();
  for (const auto& each : books.journal.events(id))
    list.push_back(
        {{"id", each.id}, {"at", time(each.at)}, {"type", each.type}, {"state", text(each.state)}});
  return list;
}

}  // namespace

bool fits(const Filter& filter, const std::string& status, const std::string& target) {
  return (filter.status.empty() || base::lower(status) == base::lower(filter.status)) &&
         (filter.target.empty() || target == filter.target || target.ends_with("/" + filter.target));
}

Json standing(const Json& state, const std::string& status) {
  if (status == "SUCCEEDED" || status == "RUNNING") return nullptr;
  if (status == "REFUSED") return "nothing was begun, and nothing was changed";
  if (const auto why = refresh::roll_back_failure(state); !why.empty()) return "rolling back failed: " + why;
  return state.value("results", Json::object())
      .value("roll_back", Json::object())
      .value("state", "everything was put back; the old database serves under its name, if there was one");
}

namespace {

/// The secret that holds a password which the run made up; null if it made none up.
Json shown_secret(provider::Services& services, const Json& state) {
  const auto name = refresh::shown_secret_name(refresh::facts_of(state.at("members")), state.at("names"));
  if (name.empty() || !services.secrets.get(name, provider::SecretStore::Stage::current)) return nullptr;
  return name;
}

}  // namespace

std::optional<provider::Database> made_by(provider::Services& services, const Json& state) {
  const Json& names = state.at("names");
  const auto kind = names.at("kind") == "cluster" ? provider::Kind::cluster : provider::Kind::instance;
  return services.databases.find(kind, names.at("target"));
}

Json connection(provider::Services& services, const provider::Database& made, const Json& state,
                const std::string& command) {
  return {{"name", made.name},        {"host", made.host},
          {"port", made.port},        {"user", made.master_user},
          {"tls", text(made.tls)},    {"authority", text(made.authority)},
          {"command", text(command)}, {"secret", shown_secret(services, state)}};
}

namespace {

/// How to reach what a run made.
Json way_in(World& world, const Json& state, const std::string& status) {
  const auto made = status == "SUCCEEDED" ? made_by(world.services(), state) : std::nullopt;
  return made ? connection(world.services(), *made, state, world.connect_command(*made)) : Json();
}

/// The copy of a failed run that was told to keep it.
Json kept(World& world, const store::ExecutionRow& row, const Json& state) {
  if (row.status != "FAILED" || !state.value("keep_failed", false)) return nullptr;
  const auto found =
      world.services().databases.find_any(refresh::kept_name(state.at("names").at("target"), row.id));
  if (!found) return nullptr;
  return {{"name", found->name},
          {"command", text(world.connect_command(*found))},
          {"goesOn", refresh::headway_of(*found, row.id).has_value()}};
}

Json progress_view(Books& books, const std::string& run) {
  const auto row = books.progress.find(run);
  if (!row) return nullptr;
  return {{"state", row->state},      {"what", row->note.what}, {"done", row->note.done},
          {"total", row->note.total}, {"at", time(row->at)},    {"bytesPerSecond", row->bytes_per_second}};
}

std::string hint_of(Books& books, const store::ExecutionRow& row, const Json& kept) {
  if (row.status == "SUCCEEDED") return "";
  const bool open = can_be_taken_up(books, row);
  const auto hint = fmt::format("dbrefresh {} {}", open ? "resume" : "history", row.id);
  if (open || kept.is_null()) return hint;
  if (kept["goesOn"].get<bool>())
    return fmt::format("{}; mend what failed, and go on with its copy: dbrefresh retry {}", hint, row.id);
  return fmt::format(
      "{}; nobody knows how far its scripts came: dbrefresh retry {} --from {} runs all of them "
      "again on the kept copy",
      hint, row.id, refresh::masking_step().key);
}

/// What an instance is to others: "writer of auposclud", "replica of app1"; null if it stands alone.
Json role_of(LocalWorld& world, const provider::Database& database) {
  if (database.kind == provider::Kind::cluster) return "cluster";
  const std::string& other = database.cluster.empty() ? database.replica_of : database.cluster;
  const auto found = other.empty() ? std::nullopt : world.databases.get(other);
  if (!found) return nullptr;
  return fmt::format("{} of {}",
                     database.writer            ? "writer"
                     : database.cluster.empty() ? "replica"
                                                : "reader",
                     found->name);
}

Json ledger_row_view(const provider::LedgerRow& row) {
  const Json durations = Json::parse(row.durations, nullptr, false);
  return {{"dbinstance", text(row.dbinstance)},
          {"restoredate", zoned(row.restoredate)},
          {"appname", text(row.appname)},
          {"environment", text(row.environment)},
          {"source", text(row.source)},
          {"restoretype", text(row.restoretype)},
          {"snapshot", text(row.snapshot)},
          {"status", row.status},
          {"recordingtime", zoned(row.recordingtime)},
          {"run", row.run},
          {"datatime", zoned(row.datatime)},
          {"durations", durations.is_discarded() ? Json() : durations},
          {"reason", text(row.reason)},
          {"masked", text(row.masked)}};
}

}  // namespace

Json step_of(const Json& state) {
  if (!state.is_string()) return nullptr;
  const auto* step = refresh::step_of(state.get<std::string>());
  return step == nullptr ? state : Json(step->states.start);
}

Json state_of(const store::ExecutionRow& row) {
  return Json::parse(row.snapshot).at("root").at("input");
}

std::vector<Json> states_of_target(Books& books, const std::string& target) {
  std::vector<Json> all;
  for (const auto& row : books.journal.list(false))
    if (row.subject == target) all.push_back(state_of(must_find_run(books, row.id)));
  std::ranges::reverse(all);
  return all;
}

/// Runs of older versions knew this host alone.
Json whereabouts_of(const store::ExecutionRow& row) {
  return state_of(row).value("world", Json{{"provider", "local"}});
}

std::vector<Json> open_worlds(const std::string& root) {
  Books books(root);
  std::set<Json> worlds = {Json{{"provider", "local"}}};
  for (const auto& row : books.journal.list(true))
    worlds.insert(whereabouts_of(must_find_run(books, row.id)));
  return {worlds.begin(), worlds.end()};
}

bool is_driven(Books& books, const store::ExecutionRow& row) {
  return !row.owner.empty() && engine::Ownership::is_alive(books.home.engines(), row.owner);
}

namespace {

/// Scripts that were to mask a copy have masked it once the step that looks at it has begun. Needs no
/// snapshot.
Json is_masked(Books& books, const store::ExecutionRow& row) {
  if (row.remark.empty()) return nullptr;
  if (!refresh::reason_in(row.remark).empty()) return false;
  return row.status == "SUCCEEDED" ||
         books.journal.has_begun(row.id, std::string(refresh::proving_step().states.start));
}

/// {run, target, status, notPutBack, masked, unmaskedReason, created, ended, cancelRequested, error, cause}
Json run_view(Books& books, const store::ExecutionRow& row, const std::string& not_put_back) {
  return {{"run", row.id},
          {"target", text(row.subject)},
          {"status", row.status},
          {"notPutBack", text(not_put_back)},
          {"masked", is_masked(books, row)},
          {"unmaskedReason", text(refresh::reason_in(row.remark))},
          {"created", time(row.created)},
          {"ended", time(row.ended)},
          {"cancelRequested", row.cancel_requested},
          {"error", text(row.error)},
          {"cause", text(row.cause)}};
}

/// What the step at work waits for, between two looks.
Json waits_for(const Json& state, const Json& at) {
  const auto* step = at.is_string() ? refresh::step_of(at.get<std::string>()) : nullptr;
  if (step == nullptr) return nullptr;
  return state.value("results", Json::object())
      .value(std::string(step->key), Json::object())
      .value("waits_for", Json());
}

}  // namespace

Json list_view(Books& books, const Filter& filter) {
  Json list = Json::array();
  auto rows = books.journal.list(false);
  std::erase_if(rows, [&](const store::ExecutionRow& row) { return !fits(filter, row.status, row.subject); });
  const auto most = static_cast<std::size_t>(filter.last);
  const std::size_t from = most > 0 && rows.size() > most ? rows.size() - most : 0;
  auto left = not_put_back(books);
  for (std::size_t i = from; i < rows.size(); ++i) list.push_back(run_view(books, rows[i], left[rows[i].id]));
  return list;
}

Json status_view(Books& books, const std::string& id) {
  const auto row = must_find_run(books, id);
  Json view = run_view(books, row, why_not_put_back(books, row));
  view["state"] = Json::parse(row.snapshot).at("root").at("state");
  view["step"] = step_of(view["state"]);
  view["standing"] = standing(state_of(row), row.status);
  view["waitsFor"] = row.status == "RUNNING" ? waits_for(state_of(row), view["state"]) : Json();
  view["waitsUntil"] = time(row.due);
  view["driven"] = is_driven(books, row);
  view["progress"] = row.status == "RUNNING" ? progress_view(books, id) : Json();
  // Told by a step that is over: it says nothing of this one.
  if (const Json& told = view["progress"]; !told.is_null() && step_of(told["state"]) != view["step"])
    view["progress"] = nullptr;
  return view;
}

Json history_view(Books& books, const std::string& id) {
  const auto row = must_find_run(books, id);
  return {{"run", row.id},
          {"status", row.status},
          {"cause", text(row.cause)},
          {"notPutBack", text(why_not_put_back(books, row))},
          {"standing", standing(state_of(row), row.status)},
          {"ended", time(row.ended)},
          {"attempts", attempts_of(books, row)},
          {"steps", efforts(books, id)},
          {"events", events_of(books, id)},
          {"results", state_of(row).value("results", Json::object())},
          {"problems", Json::parse(row.snapshot).value("problems", Json::array())}};
}

Json outcome_view(World& world, const std::string& id) {
  const auto row = must_find_run(world, id);
  const Json state = state_of(row);
  Json view = run_view(world, row, why_not_put_back(world, row));
  view["results"] = state.value("results", Json::object());
  view["state"] = standing(state, row.status);
  view["seconds"] =
      row.ended ? Json(std::chrono::duration<double>(*row.ended - row.created).count()) : Json();
  view["connect"] = way_in(world, state, row.status);
  view["kept"] = kept(world, row, state);
  view["problems"] = Json::parse(row.snapshot).value("problems", Json::array());
  view["hint"] = text(hint_of(world, row, view["kept"]));
  return view;
}

Json ledger_view(provider::Ledger& ledger, const std::string& table) {
  Json list = Json::array();
  for (const auto& row : ledger.rows(table)) list.push_back(ledger_row_view(row));
  return list;
}

Json database_view(LocalWorld& world, const provider::Database& database) {
  const auto can = world.databases.restorable(database.id);
  const auto until = world.databases.certificate_until(database.id);
  return {{"name", database.name},
          {"kind", to_string(database.kind)},
          {"role", role_of(world, database)},
          {"id", database.id},
          {"status", database.status},
          {"host", database.host},
          {"port", database.port},
          {"tls", text(database.tls)},
          {"certificateUntil", until ? time(*until) : Json()},
          {"open", database.open},
          {"bytes", world.databases.bytes(database.id)},
          {"restorableFrom", can.window ? time(can.window->from) : Json()},
          {"restorableTo", can.window ? time(can.window->to) : Json()},
          {"log", to_string(can.state)},
          {"logFault", text(can.reason)},
          {"engine", database.engine},
          {"version", text(database.version)},
          {"masterUser", text(database.master_user)},
          {"database", text(database.db_name)},
          {"tags", database.tags}};
}

Json databases_view(LocalWorld& world) {
  Json list = Json::array();
  for (const auto& found : world.databases.find({}))  // by its id, so that an adopted one is looked at
    list.push_back(database_view(world, world.databases.get(found.id).value_or(found)));
  return list;
}

Json snapshot_view(LocalWorld& world, const provider::local::Snapshot& snapshot) {
  return {{"name", snapshot.name},
          {"of", snapshot.origin.name},
          {"engine", snapshot.origin.engine},
          {"dataTime", time(snapshot.data_time)},
          {"bytes", os::tree_bytes(world.home.snapshot(snapshot.id))},
          {"automated", snapshot.automated}};
}

Json snapshots_view(LocalWorld& world) {
  Json list = Json::array();
  for (const auto& each : world.databases.snapshots()) list.push_back(snapshot_view(world, each));
  return list;
}

Json done_view(const std::string& name, const std::string& result, const std::string& error) {
  return {{"name", name}, {"result", text(result)}, {"error", text(error)}};
}

}  // namespace runs
