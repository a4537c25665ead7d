#include "runs/plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "refresh/lookup.h"
#include "refresh/passwords.h"
#include "refresh/script_times.h"
#include "refresh/workflow.h"
#include "runs/account_refusal.h"
#include "runs/left.h"
#include "runs/view.h"
#include "shortfile/read.h"

namespace runs {
namespace {

using base::Json;

Json steps_of(const refresh::RefreshFile& file) {
  Json steps = Json::array();
  for (const refresh::Step* step : refresh::sequence())
    steps.push_back({{"key", step->key},
                     {"state", step->states.start},
                     {"summary", step->summary},
                     {"runs", refresh::runs_always(*step) || file.members.contains(std::string(step->key))}});
  return steps;
}

/// What stands in a text that breaks off is not to be judged: its syntax is all that is wrong for now.
std::vector<base::Problem> syntax_errors(const base::LocatedJson& document) {
  std::vector<base::Problem> errors;
  std::ranges::copy_if(document.problems(), std::back_inserter(errors), [](const base::Problem& each) {
    return each.message.starts_with("is not valid JSON") || each.message.starts_with("is not valid YAML");
  });
  return errors;
}

/// The reason of this home's settings, "" if there is none.
std::string allow_unmasked(const provider::local::Home& home) {
  const Json allowed = provider::local::read_settings(home.root).value("allowUnmasked", Json());
  return allowed.is_string() ? allowed.get<std::string>() : "";
}

/// Nobody gets production's data unmasked by leaving something out.
void decide_masking(Planned& planned, const std::string& asked, const std::string& allowed) {
  auto& plan = planned.plan;
  const std::string path = fmt::format("$.{}.torun", refresh::masking_step().key);
  if (planned.file.members.contains(refresh::masking_step().key)) {
    if (!asked.empty()) plan.problems.push_back({0, path, "is true: --unmasked has no use here", true});
    return;
  }
  planned.unmasked = asked.empty() ? allowed : asked;
  if (planned.unmasked.empty())
    plan.problems.push_back(
        {0, path,
         "is not true: the copy would be opened with production's data unmasked; if that is "
         "meant, say why: --unmasked REASON, or allowUnmasked in settings.json"});
  else
    plan.notes.push_back("UNMASKED: " + planned.unmasked);
}

std::string note_of(const store::ExecutionRow& left) {
  return fmt::format(
      "run {} of the same target {}: a new one rolls it back first (or: dbrefresh resume {})", left.id,
      left.status == "RUNNING" ? "was interrupted" : "failed, and could not be rolled back", left.id);
}

/// Of a run that fails before it has made anything, nothing is kept.
std::string note_of_kept(const refresh::Names& names) {
  const auto kept = [](const std::string& name) {
    return "'" + refresh::kept_name(name, rehearsed_run_end) + "'";
  };
  return fmt::format(
      "if the run fails, its copy is kept, closed to users, as {}{} ({} stands for the end of the run's id)",
      kept(names.target),
      names.kind == provider::Kind::cluster ? " with its instance " + kept(names.instance) : "",
      rehearsed_run_end);
}

/// What a run left that nobody drives is in nobody's way: a new one puts it back first.
refresh::Plan plan_of(World& world, const refresh::RefreshFile& file,
                      const std::optional<refresh::Retry>& retry) {
  try {
    auto left = left_run(world, target_of(world, file.names));
    if (left && is_driven(world, *left)) left.reset();
    auto plan =
        refresh::make_plan(to_json(file.names), file.members, world.services(), left ? left->id : "", retry);
    if (left) plan.notes.push_back(note_of(*left));
    return plan;
  } catch (const base::Error& error) {
    if (const auto refusal = refusal_of_account(error, world.whereabouts())) throw *refusal;
    throw;
  }
}

/// Who makes refreshes of an account from here may mean to leave them to the state machine.
void tell_of_long_scripts(World& world, Planned& planned) {
  if (world.place().empty()) return;
  const auto states = states_of_target(world, target_of(world, planned.file.names));
  for (const auto& each : refresh::scripts_too_long(planned.file.members, states))
    planned.plan.notes.push_back(to_string(each));
}

}  // namespace

bool all_warnings(const std::vector<base::Problem>& problems) {
  return std::ranges::all_of(problems, &base::Problem::warning);
}

bool Planned::ok() const {
  return all_warnings(problems);
}

std::string target_of(World& world, const refresh::Names& names) {
  const std::string place = world.place();
  return fmt::format("{}{}{}/{}", place, place.empty() ? "" : "/", to_string(names.kind), names.target);
}

Planned read_refresh_file(const std::string& path, base::Time now) {
  Planned planned{.path = path};
  try {
    planned.file = shortfile::read_file(path, now);
    planned.problems = syntax_errors(planned.file.document);
    if (planned.problems.empty()) planned.problems = planned.file.problems;
  } catch (const base::Error& error) {
    planned.problems.push_back({0, "$", error.message});
  }
  return planned;
}

Planned make_plan(World& world, const Request& request) {
  Planned planned = read_refresh_file(request.path, request.now.value_or(world.clock.now()));
  if (!planned.ok()) return planned;
  planned.retry = request.retry;
  planned.plan = plan_of(world, planned.file, planned.retry);
  const auto taken = [&](const base::Secret& password, const std::string& engine) {
    return world.objection_to_password(password, engine);
  };
  if (auto wrong = refresh::master_password_problem(planned.file, world.services().databases, taken))
    planned.plan.problems.push_back(*std::move(wrong));
  tell_of_long_scripts(world, planned);
  decide_masking(planned, request.unmasked, allow_unmasked(world.home));
  planned.keep_failed = request.keep_failed || planned.file.keep_failed;
  if (planned.keep_failed) planned.plan.notes.push_back(note_of_kept(planned.file.names));
  for (auto each : planned.plan.problems) {
    planned.file.locate(each);
    planned.problems.push_back(std::move(each));
  }
  return planned;
}

Json problems_view(const std::string& path, const std::vector<base::Problem>& problems) {
  Json list = Json::array();
  for (const auto& each : problems)
    list.push_back({{"file", each.file.empty() ? path : each.file},
                    {"line", each.line},
                    {"column", each.column == 0 ? Json() : Json(each.column)},
                    {"path", each.path},
                    {"message", each.message},
                    {"severity", each.warning ? "warning" : "error"}});
  return list;
}

Json plan_view(const Planned& planned) {
  const auto& names = planned.file.names;
  const bool valid = planned.file.ok() && planned.file.members.is_object();
  auto known = [&](Json value) { return valid ? std::move(value) : Json(); };
  return {{"file", planned.path},
          {"kind", known(to_string(names.kind))},
          {"source", known(names.source)},
          {"target", known(names.target)},
          {"temporary", known(names.temp)},
          {"exists", known(planned.plan.old_status.empty() ? Json() : Json(planned.plan.old_status))},
          {"masked", known(planned.file.members.contains(refresh::masking_step().key))},
          {"unmaskedReason", planned.unmasked.empty() ? Json() : Json(planned.unmasked)},
          {"notes", planned.plan.notes},
          {"steps", valid ? steps_of(planned.file) : Json()},
          {"calls", planned.rehearsed ? planned.rehearsed->calls : Json()},
          {"gaps", planned.rehearsed ? Json(planned.rehearsed->gaps) : Json::array()},
          {"estimate", planned.estimate},
          {"extra", planned.extra},
          {"problems", problems_view(planned.path, planned.problems)}};
}

}  // namespace runs
