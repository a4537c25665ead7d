#include <fmt/format.h>

#include "base/error.h"
#include "refresh/assertions.h"
#include "refresh/lookup.h"
#include "refresh/marks.h"
#include "refresh/scripts.h"
#include "refresh/tickets.h"
#include "sql/script.h"

namespace refresh {
namespace {

using State = provider::ScriptCourse::State;
using SecretStage = provider::SecretStore::Stage;

// The copy's mark (marks.h) counts otherwise here: what has become of single scripts is in the tickets.
constexpr int nothing_begun = 0, tickets_are_out = 1, all_ended = 2;

constexpr std::size_t longest_name = 100;  ///< of a ScriptOrder

provider::ScriptHost& host_of(StepContext& step) {
  if (step.services.script_host == nullptr)
    throw base::Error("NoScriptHost", "there is no other host here that runs scripts", "method: lambda");
  return *step.services.script_host;
}

std::string names_of_orders(const std::string& run) {
  return fmt::format("dbrefresh {} ", run);
}

/// The script is for people, where there is room.
std::string name_of_order(const std::string& run, std::size_t unit, const std::string& ticket,
                          const std::string& script) {
  auto name = fmt::format("{}{} {}", names_of_orders(run), unit + 1, ticket);
  return name.size() + 1 + script.size() > longest_name ? name : name + " " + script;
}

/// Of one script: what is known of it, and what to do next.
class Errand {
 public:
  Errand(StepContext& step, Tickets& tickets, const provider::Database& copy, std::size_t at,
         const Unit& unit)
      : step_(step), tickets_(tickets), copy_(copy), at_(at), unit_(unit) {}

  /// Done when the script has run to its end.
  Work<Done> advance() {
    if (step_.result.contains("order")) return look();
    const auto ticket = tickets_.find(at_);
    if (!ticket) return begin(tickets_.issue(at_));
    if (ticket->state == Tickets::State::ended) return ended();
    if (const auto found = host_of(step_).find(order_name(ticket->name))) {
      step_.result["order"] = {{"id", *found}};
      return look();
    }
    if (const auto next = tickets_.renew(at_, ticket->name)) return begin(*next);
    call_scripts_off(step_);
    return throw_away(step_, copy_);
  }

 private:
  std::string order_name(const std::string& ticket) const {
    return name_of_order(step_.run(), at_, ticket, unit_.script);
  }

  Work<Done> begin(const std::string& ticket) {
    const Json& member = step_.input;
    const auto text = text_of(step_.services, member, unit_.script);
    const auto script = sql::parse_script(text, scripts_family(member, copy_.engine));
    const std::string& secret = step_.facts.scripts_secret;
    const bool written =
        secret == step_.facts.published_secret && step_.services.secrets.get(secret, SecretStage::pending);
    const auto id = host_of(step_).begin({.name = order_name(ticket),
                                          .database = copy_.id,
                                          .schema = unit_.schema,
                                          .bucket = member.at("bucketname"),
                                          .key = object_of(member, unit_.script),
                                          .text = text,
                                          .lines = script.form == sql::Form::lines,
                                          .one_transaction = script.one_transaction,
                                          .secret = secret,
                                          .stage = written ? SecretStage::pending : SecretStage::current,
                                          .take = tickets_.take(ticket),
                                          .finish = tickets_.finish(ticket)});
    step_.result["order"] = {
        {"id", id}, {"form", to_string(script.form)}, {"count", script.statements.size()}};
    return wait_for(unit_.script + ", which was ordered");
  }

  Work<Done> look() {
    const auto course = host_of(step_).look(step_.result["order"].at("id"));
    if (course.state == State::under_way) return wait_for(fmt::format("{}: {}", unit_.script, course.what));
    if (course.state == State::failed)
      throw base::Error("ScriptFailed", fmt::format("{}: {}", unit_.script, course.what),
                        "mend the script, or the host; the copy is thrown away with all that ran on it");
    return ended();
  }

  Work<Done> ended() {
    if (Json* result = add_script_result(step_, unit_))
      result->update(step_.result.value("order", Json::object()));
    step_.result.erase("order");
    return Done{};
  }

  StepContext& step_;
  Tickets& tickets_;
  const provider::Database& copy_;
  std::size_t at_;
  const Unit& unit_;
};

Work<Done> mark(StepContext& step, const provider::Database& copy, const provider::Tags& tags) {
  return done_if(step.databases.make_so(copy.id, {.tags = tags}, step.budget));
}

bool is_at(StepContext& step, const provider::Database& copy, int stage) {
  return has_mark(copy, scripts_mark(step.run(), stage));
}

Work<Done> run_units(StepContext& step, Tickets& tickets, const provider::Database& copy,
                     const base::Secret& password) {
  const auto all = units(step.facts);
  if (!step.result.contains("scripts")) step.result["scripts"] = Json::array();
  for (auto at = step.result.value("units", std::size_t{0}); at < all.size(); ++at) {
    step.result["units"] = at;
    const auto work = all[at].script.empty()
                          ? step.databases.drop_schema(copy.id, all[at].schema, password, step.budget)
                          : Errand(step, tickets, copy, at, all[at]).advance();
    if (std::holds_alternative<Pending>(work)) return work;
  }
  step.result["units"] = all.size();
  return mark(step, copy, scripts_mark(step.run(), all_ended));
}

/// The tickets go before the mark says that all is done: by then nobody may find them.
Work<Done> finish(StepContext& step, Tickets& tickets, const provider::Database& copy,
                  const base::Secret& password) {
  tickets.close();
  check_assertions(step, copy, password);
  const auto forgotten = step.databases.forget_past(copy.id, password, step.budget);
  if (std::holds_alternative<Pending>(forgotten)) return forgotten;
  return mark(step, copy, scripts_done_mark(step.run()));
}

/// Under the lock.
Work<Done> take_turn(StepContext& step) {
  const auto copy = new_database(step);
  if (copy && has_mark(*copy, scripts_done_mark(step.run()))) return Done{};
  if (!copy) return throw_away(step, copy);
  const auto password = scripts_password(step);
  const auto session = step.databases.script_session(copy->id, password, "");
  Tickets tickets(*session, short_run(step));
  if (is_at(step, *copy, all_ended)) return finish(step, tickets, *copy, password);
  if (is_at(step, *copy, nothing_begun)) {
    tickets.open();
    if (const auto raised = mark(step, *copy, scripts_mark(step.run(), tickets_are_out));
        std::holds_alternative<Pending>(raised))
      return raised;
  } else if (!is_at(step, *copy, tickets_are_out) || !tickets.are_open()) {
    return throw_away(step, copy);
  }
  const auto ran = run_units(step, tickets, *copy, password);
  return std::holds_alternative<Pending>(ran) ? ran : finish(step, tickets, *copy, password);
}

}  // namespace

Work<Done> run_scripts_elsewhere(StepContext& step) {
  const auto copy = new_database(step);
  if (copy && has_mark(*copy, scripts_done_mark(step.run()))) return Done{};
  if (!copy || copy->status == "deleting") return throw_away(step, copy);
  if (!is_ready(*copy)) return wait_for(copy->name + " to be ready");
  const auto lock = lock_scripts(step, copy->id);
  if (!lock) return wait_for("another call, which looks after the scripts");
  return take_turn(step);
}

/// What runs on a copy that goes ends with it: where nobody may call it off, that is no reason to stop.
void call_scripts_off(StepContext& step) {
  try {
    host_of(step).cancel(names_of_orders(step.run()));
  } catch (const base::Error& error) {
    if (error.retryable || error.maybe_delivered) throw;
    step.budget.tell({fmt::format("the scripts were not called off: {}", error.message)});
  }
}

}  // namespace refresh
