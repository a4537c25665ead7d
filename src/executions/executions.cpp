#include "executions/executions.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "executions/record.h"
#include "refresh/document.h"
#include "refresh/launch.h"
#include "refresh/masking.h"
#include "refresh/workflow.h"
#include "runs/amazon_world.h"

namespace executions {
namespace {

using base::Error;

/// Each costs a call or two, and a bucket of those is small (Step Functions, "Quotas for actions").
constexpr std::size_t most_listed = 100;
/// Errors before anything is begun: as `dbrefresh run` refuses.
constexpr std::string_view refusals[] = {"PlanRefused", "BadInput", "BadEvent", "InvalidJson"};

std::string arn_of(const std::string& machine, const runs::AmazonAccount& account) {
  if (machine.starts_with("arn:")) return machine;
  return fmt::format("arn:{}:states:{}:{}:stateMachine:{}", account.partition(), account.region(),
                     account.number(), machine.empty() ? usual_machine : machine);
}

/// As dbrefresh run names what becomes of it.
std::string status_of(const Json& execution) {
  const auto status = execution.at("status").get<std::string>();
  const bool refused = std::ranges::find(refusals, execution.value("error", "")) != std::end(refusals) &&
                       !refresh::put_back_of(input_of(execution));
  return status == "FAILED" && refused ? "REFUSED" : status;
}

/// What the state of a run looks like. Whoever starts an execution may write anything into its input, which
/// is no reason to show no others: what is not like it counts as none.
bool is_state(const Json& state) {
  const auto has = [](const Json& of, const char* name, auto is) {
    return of.contains(name) && (of[name].*is)();
  };
  const auto texts = [](const Json& of) {
    return of.is_object() &&
           std::ranges::all_of(of.items(), [](const auto& each) { return each.value().is_string(); });
  };
  if (!state.is_object() || !has(state, "members", &Json::is_object) ||
      !has(state, "results", &Json::is_object))
    return false;
  if (!has(state, "names", &Json::is_object) || !texts(state["names"])) return false;
  for (const char* each : {"kind", "target", "source", "instance"})
    if (!state["names"].contains(each)) return false;
  for (const char* each : {"failure", "roll_back_failure"})
    if (state.contains(each) && !texts(state[each])) return false;
  if (state.contains("unmasked") && !state["unmasked"].is_string()) return false;
  const auto& results = state["results"];
  return std::ranges::all_of(results.items(), [](const auto& each) { return each.value().is_object(); });
}

/// "instance/NAME" of a prepared run, or of the file that it was started with.
std::string target_of(const Json& state, const Json& input) {
  for (const Json* each : {&state, &input}) {
    if (!each->is_object()) continue;
    if (is_state(*each))
      return fmt::format("{}/{}", each->at("names").at("kind").get<std::string>(),
                         each->at("names").at("target").get<std::string>());
    const Json restore = each->value("restore", Json::object());
    for (const auto& [field, kind] : {std::pair{"target", "instance"}, std::pair{"targetcluster", "cluster"}})
      if (restore.is_object() && restore.contains(field) && restore[field].is_string())
        return fmt::format("{}/{}", kind, restore[field].get<std::string>());
  }
  return "";
}

/// What came of one that succeeded is in what was described; of one that is open, or refused, it says nothing
/// yet that a list has.
Json output_of(const Json& execution) {
  Json state = Json::parse(execution.value("output", ""), nullptr, false);
  return is_state(state) ? state : Json();
}

/// Has rolling back come to its end, by its own word?
bool is_put_back(const Json& state) {
  return has_begun(state) && refresh::roll_back_failure(state).empty() &&
         state["results"].value("roll_back", Json::object()).value("status", "") == "SUCCEEDED";
}

/// Have the scripts, which were to mask the copy, ended?
bool is_masked(const Json& state) {
  const std::string step(refresh::masking_step().key);
  return state.value("results", Json::object()).value(step, Json::object()).value("status", "") ==
         "SUCCEEDED";
}

/// Open, or over without anything that could be put back.
bool asks_for_nothing(const std::string& status) {
  return status == "RUNNING" || status == "SUCCEEDED" || status == "REFUSED";
}

}  // namespace

Json input_of(const Json& execution) {
  Json input = Json::parse(execution.value("input", ""), nullptr, false);
  return input.is_object() ? input : Json::object();
}

Executions::Executions(const Json& whereabouts, const std::string& machine, base::Clock& clock)
    : clock_(clock),
      account_(runs::open_amazon_account(whereabouts, clock)),
      machine_(account_->service(), arn_of(machine, *account_)) {}

Json Executions::must_find(const std::string& name) {
  if (auto found = machine_.find(name)) return *std::move(found);
  throw Error("BadInput", fmt::format("there is no execution '{}' of {}", name, machine_.arn()),
              "dbrefresh --provider aws list; --state-machine names another one");
}

/// "" of one that is not over, has ended well or put all back, by itself or by another one that did.
std::string Executions::why_not_put_back(const Json& execution, const Json& state) {
  const auto status = execution.at("status").get<std::string>();
  if (status == "RUNNING" || status == "SUCCEEDED") return "";
  const bool begun = has_begun(state);
  if (!begun && refresh::put_back_of(input_of(execution)))
    return "the execution that was to put it back could not: " +
           refresh::plain_cause(execution.value("cause", status));
  if (!begun) return "";
  const auto why = refresh::roll_back_failure(state);
  if (status == "FAILED" && is_put_back(state)) return "";
  for (int i = 1;; ++i) {
    const auto later = machine_.find(back_name(execution.at("name"), i));
    if (!later) break;
    if (later->at("status") == "RUNNING") return "";
    const Json end = state_of(later->at("executionArn"));
    if (later->at("status") == "FAILED" && is_put_back(end)) return "";
  }
  if (!why.empty()) return why;
  return status == "FAILED"
             ? execution.value("error", "it failed") + " let it go no further, and nothing was put back"
             : "it was ended from outside, and nothing was put back";
}

Json Executions::row(const Json& execution, const Json& state) {
  const bool prepared = state.is_object() && state.contains("members");
  const auto said = prepared ? refresh::masked_text(state) : std::string();
  const auto reason = refresh::reason_in(said);
  const auto target = target_of(state, input_of(execution));
  return {{"run", execution.at("name")},
          {"target", target.empty() ? Json() : Json(place() + "/" + target)},
          {"status", status_of(execution)},
          {"notPutBack", text_or_null(why_not_put_back(execution, state))},
          {"masked", said.empty() ? Json() : Json(reason.empty() && is_masked(state))},
          {"unmaskedReason", text_or_null(reason)},
          {"created", execution.value("startDate", Json())},
          {"ended", execution.value("stopDate", Json())},
          {"cancelRequested", false},
          {"error", text_or_null(execution.value("error", ""))},
          {"cause", text_or_null(refresh::plain_cause(execution.value("cause", "")))}};
}

/// What is not like the state of a run counts as none.
Json Executions::state_of(const std::string& name) {
  Json state = machine_.standing(name).data;
  return is_state(state) ? state : Json();
}

/// For a list: with a call of its own only where it says whether all was put back.
Json Executions::state_in_list(const Json& execution) {
  if (execution.at("status") == "SUCCEEDED") return output_of(execution);
  return asks_for_nothing(status_of(execution)) ? Json() : state_of(execution.at("executionArn"));
}

Json Executions::list_view(const runs::Filter& filter) {
  std::vector<Json> rows;
  for (const Json& each : machine_.list(most_listed)) {
    const auto found = machine_.find(each.at("executionArn"));
    if (!found) continue;  // gone meanwhile
    auto view = row(*found, state_in_list(*found));
    if (runs::fits(filter, view["status"], view["target"].is_null() ? "" : view["target"].get<std::string>()))
      rows.push_back(std::move(view));
    if (filter.last > 0 && rows.size() == static_cast<std::size_t>(filter.last)) break;
  }
  std::ranges::reverse(rows);
  return rows;
}

std::vector<Json> Executions::states_of(const std::string& target) {
  std::vector<Json> all;
  for (const Json& each : machine_.list(most_listed)) {
    const auto found = machine_.find(each.at("executionArn"));
    if (!found || target_of(nullptr, input_of(*found)) != target) continue;
    if (Json state = state_in_list(*found); has_begun(state)) all.push_back(std::move(state));
  }
  return all;
}

Json Executions::standing_of(const Json& view, const Json& state) {
  if (!view["notPutBack"].is_null()) return view["notPutBack"];
  return runs::standing(state.is_object() ? state : Json::object(), view["status"]);
}

Json Executions::status_view(const std::string& name) {
  const Json execution = must_find(name);
  const auto [at, data] = machine_.standing(name);
  const Json state = is_state(data) ? data : Json();
  Json view = row(execution, state);
  const bool running = view["status"] == "RUNNING";
  view.update({{"state", text_or_null(at)},
               {"step", runs::step_of(text_or_null(at))},
               {"standing", standing_of(view, state)},
               {"waitsFor", text_or_null(running ? waits_for(state, at) : "")},
               {"waitsUntil", nullptr},
               {"driven", running},
               {"progress", nullptr}});
  return view;
}

Json Executions::history_view(const std::string& name) {
  const Json execution = must_find(name);
  const auto events = machine_.events(name);
  const Json data = newest_data(events);
  const Json state = is_state(data) ? data : Json();
  const Json view = row(execution, state);
  return {{"run", view["run"]},
          {"status", view["status"]},
          {"cause", view["cause"]},
          {"notPutBack", view["notPutBack"]},
          {"standing", standing_of(view, state)},
          {"ended", view["ended"]},
          {"attempts", attempts(events)},
          {"steps", Json::array()},
          {"events", events_view(events)},
          {"results", state.is_object() ? state["results"] : Json::object()},
          {"problems", Json::array()}};
}

Json Executions::connection(const Json& execution, const Json& state) {
  if (execution.at("status") != "SUCCEEDED" || !state.is_object()) return nullptr;
  const auto made = runs::made_by(account_->services(), state);
  return made ? runs::connection(account_->services(), *made, state, "") : Json();
}

Json Executions::outcome_view(const std::string& name) {
  const Json execution = must_find(name);
  const Json state = state_of(name);
  Json view = row(execution, state);
  view["results"] = state.is_object() ? state["results"] : Json::object();
  view["state"] = standing_of(view, state);
  view["seconds"] = nullptr;
  if (const auto ended = view["ended"]; ended.is_string())
    view["seconds"] =
        std::chrono::duration<double>(*base::parse_iso_offset(ended.get<std::string>()) -
                                      *base::parse_iso_offset(view["created"].get<std::string>()))
            .count();
  view["connect"] = connection(execution, state);
  view["kept"] = nullptr;
  view["problems"] = Json::array();
  view["hint"] = view["status"] == "SUCCEEDED"
                     ? Json()
                     : Json(fmt::format("dbrefresh --provider aws {} {}",
                                        view["notPutBack"].is_null() ? "history" : "resume", name));
  return view;
}

}  // namespace executions
