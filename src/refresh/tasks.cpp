// From a task of the document to a step's advance.
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "refresh/document.h"
#include "refresh/lookup.h"
#include "refresh/workflow.h"

namespace refresh {
namespace {

using base::Error;
using std::chrono::seconds;

/// Between two checks of a step that has no member and so no wait_time.
constexpr int own_wait_seconds = 5;
/// A wait is at least this part of the time since the step began: however long it takes, it is checked about
/// a thousand times, and the quota of events of a state machine is never near.
constexpr int wait_part = 100;
/// How much later than it could be seen may be what is done after a while, as a part of that while.
constexpr int soon_part = 10;

std::string without_digits(std::string text) {
  std::erase_if(text, [](char c) { return c >= '0' && c <= '9'; });
  return text;
}

/// Of a step that insists.
bool may_pass(const Error& error) {
  return error.code == "DiskFull" || error.code == "PortTaken";
}

/// Stops when this process is to end, or when the run is to be cancelled and the step lets itself be.
class Stop {
 public:
  Stop(const engine::Attempt& attempt, bool cancellable)
      : process_(attempt.stop, Ask{&source_}),
        cancel_(cancellable ? attempt.cancel : std::stop_token(), Ask{&source_}) {}
  std::stop_token token() const { return source_.get_token(); }

 private:
  struct Ask {
    std::stop_source* source;
    void operator()() const { source->request_stop(); }
  };
  std::stop_source source_;
  std::stop_callback<Ask> process_, cancel_;
};

/// One attempt at one step.
class Call {
 public:
  Call(const StateRef& ref, const engine::Attempt& attempt, provider::Services& services)
      : ref_(ref), step_(*ref.step), attempt_(attempt), services_(services), state_(attempt.input.at("run")) {
    key_ = step_.key;
    results_ = state_.value("results", Json::object());
    if (results_.contains(planning_step().key)) state_["plan"] = results_[std::string(planning_step().key)];
    began_ = attempt_.clock.now();
    const Json told = results_.value(key_, Json::object());
    if (ref_.is_check && told.is_object()) before_ = told;
    if (const auto time = base::parse_ledger_utc(before_.value("started", ""))) began_ = *time;
  }

  Json run(const CallTimes& times) {
    const Stop stop(attempt_, step_.cancellable);
    const auto now = attempt_.clock.now();
    const auto most = step_.heavy ? times.heavy : std::optional(times.light);
    const auto until = most ? std::min(deadline(), now + *most) : deadline();
    const provider::Budget budget{attempt_.clock, until, stop.token(), attempt_.tell};
    Guard guard(services_.databases, state_.at("run"), state_.contains("plan") ? state_["plan"] : none_);
    const Facts facts = facts_of(state_.at("members"));
    StepContext context{.input = member(),
                        .state = state_,
                        .facts = facts,
                        .databases = guard,
                        .services = services_,
                        .budget = budget,
                        .key = key_,
                        .result = before_};
    const auto work = advance(context);
    return told(work, std::move(context.result));
  }

 private:
  Work<Done> advance(StepContext& context) const {
    try {
      return step_.advance(context);
    } catch (const Error& error) {
      if (!step_.insists || !may_pass(error)) throw;
      return wait_for("somebody to mend this: " + error.message);
    }
  }

  base::Time deadline() const { return began_ + std::chrono::minutes(step_.deadline_minutes); }
  const Json& member() const {
    const auto found = state_.at("members").find(key_);
    return step_.in_file && found != state_["members"].end() ? *found : none_;
  }

  /// What becomes `$.results.<key>`: the choice of the document and its wait read `status` and `look_again`.
  Json told(const Work<Done>& work, Json result) const {
    result["started"] = base::ledger_utc(began_);
    result.erase("look_again");
    for (const char* each : {"waits_for", "waits_since"}) result.erase(each);
    const auto* pending = std::get_if<Pending>(&work);
    result["status"] = pending == nullptr ? "SUCCEEDED" : "PENDING";
    if (pending == nullptr) return result;
    if (step_.states.check.empty()) throw not_yet(*pending);
    if (attempt_.clock.now() >= deadline())
      throw Error("DeadlineExceeded",
                  fmt::format("{} is not done after {} minutes{}", step_.states.start, step_.deadline_minutes,
                              pending->note.what.empty() ? "" : ": it waits for " + pending->note.what),
                  "look at the database's own log");
    if (!pending->note.what.empty()) result["waits_for"] = pending->note.what;
    const auto since = waits_since(pending->note.what);
    result["waits_since"] = base::ledger_utc(since);
    result["look_again"] = look_again(*pending, since).count();
    return result;
  }

  /// A step without a check state is tried again as a whole.
  static Error not_yet(const Pending& pending) {
    Error error("NotReady", "waits for " + pending.note.what);
    error.retryable = true;
    return error;
  }

  /// A step waits for one thing after another; how far one is shows in numbers.
  base::Time waits_since(const std::string& what) const {
    const auto before = base::parse_ledger_utc(before_.value("waits_since", ""));
    const bool same = without_digits(before_.value("waits_for", "")) == without_digits(what);
    return same && before ? *before : attempt_.clock.now();
  }

  seconds look_again(const Pending& pending, base::Time since) const {
    const seconds most(member().value("wait_time", own_wait_seconds));
    const auto elapsed = std::chrono::duration_cast<seconds>(attempt_.clock.now() - began_);
    const auto waited = std::chrono::duration_cast<seconds>(attempt_.clock.now() - since);
    // What may take minutes may also be done soon, and between the names it is time in which nobody is
    // served.
    const auto soon = std::max(seconds(2), waited / soon_part);
    return std::max({seconds(1), elapsed / wait_part, std::min({pending.look_again, most, soon})});
  }

  const StateRef& ref_;
  const Step& step_;
  const engine::Attempt& attempt_;
  provider::Services& services_;
  const Json none_ = Json::object();
  Json state_, results_;
  std::string key_;
  Json before_ = Json::object();
  base::Time began_{};
};

}  // namespace

engine::Task make_task(provider::Services& services, CallTimes times) {
  return [&services, times](const engine::Attempt& attempt) {
    const auto ref = find_state(attempt.input.at("state").get<std::string>());
    if (!ref)
      throw Error("UnknownState", fmt::format("there is no state {}", attempt.input.at("state").dump()));
    const auto cancelled = [&] { return ref->step->cancellable && attempt.cancel.stop_requested(); };
    const Error cancel("RefreshCancelled",
                       "the run was told to stop, by a cancel or by a later run of its target");
    if (cancelled()) throw cancel;
    try {
      return Call(*ref, attempt, services).run(times);
    } catch (const Error& error) {
      if ((error.code == "Interrupted" || error.code == "Cancelled") && !attempt.stop.stop_requested() &&
          cancelled())
        throw cancel;
      throw;
    }
  };
}

bool is_heavy(std::string_view state) {
  const auto ref = find_state(state);
  return ref && ref->step->heavy;
}

}  // namespace refresh
