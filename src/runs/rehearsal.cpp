#include "runs/rehearsal.h"

#include <fmt/format.h>

#include "asl/interpreter.h"
#include "base/error.h"
#include "refresh/document.h"
#include "refresh/masking.h"
#include "refresh/passwords.h"
#include "refresh/workflow.h"
#include "runs/housekeeping.h"

namespace runs {
namespace {

using base::Json;

/// Nothing that is waited for may be waited for like this: what does not come in so many events does not come
/// at all.
constexpr std::int64_t most_events = 4'000;
/// Of a person who waits for a plan.
constexpr auto longest = std::chrono::minutes(3);

class Performance {
 public:
  Performance(World& world, base::VirtualClock& time, StandIn& stand_in)
      : world_(world),
        time_(time),
        stand_in_(stand_in),
        until_(world.clock.now() + longest),
        task_(refresh::make_task(stand_in.services())) {}

  Rehearsed play(const Planned& planned) {
    const asl::Machine machine =
        asl::parse_machine(base::LocatedJson::parse(refresh::state_machine().dump()));
    asl::Execution execution = asl::begin(run_, run_, "dbrefresh", input(planned), time_.now());
    execution.event_limit = most_events;
    asl::Event event = asl::Start{};
    while (!broken_off_) {
      const auto decision = asl::advance(machine, execution, event, time_.now(), ++seed_);
      if (execution.status != asl::Execution::Status::running) break;
      event = next(decision, execution);
    }
    give_up_failed();
    out_.calls = stand_in_.calls();
    return std::move(out_);
  }

 private:
  Json input(const Planned& planned) {
    Json input = refresh::run_input(run_, planned.file, planned.keep_failed, time_.now());
    input.update(refresh::unmasked_state(planned.unmasked));
    input["world"] = world_.whereabouts();
    refresh::seal_passwords(stand_in_.services().secrets, run_, planned.file);
    return input;
  }

  asl::Event next(const asl::Decision& decision, const asl::Execution& execution) {
    if (!decision.tasks.empty()) return perform(decision.tasks[0]);
    if (decision.more) return asl::Proceed{};
    time_.sleep_until(asl::next_due(execution).value_or(time_.now()), {});
    return asl::Tick{};
  }

  asl::Event perform(const asl::TaskRequest& request) {
    const auto state = refresh::find_state(request.state);
    if (failed_ && failed_->first != request.state) give_up_failed();
    if (state && state->step == &refresh::roll_back_step()) return break_off(request);
    last_ = request.state;
    if (world_.clock.now() > until_) return break_off(request, "it takes too long to rehearse");
    asl::TaskResult result{.token = request.token, .output = nullptr, .error = std::nullopt, .cause = {}};
    try {
      result.output = task_({.execution = run_,
                             .state = request.state,
                             .input = request.input,
                             .clock = time_,
                             .stop = {},
                             .cancel = {},
                             .tell = [](const base::Note&) {}});
      failed_.reset();
    } catch (const base::Error& error) {
      result.error = engine::failure_of(error).name;
      result.cause = fmt::format("{}: {}", error.code, error.message);
      failed_ = {request.state, result.cause};
    } catch (const std::exception& error) {  // an answer that is not as its model says
      result.error = "Dbrefresh.Internal";
      result.cause = error.what();
      failed_ = {request.state, result.cause};
    }
    return result;
  }

  /// A state that failed, and is not tried again.
  void give_up_failed() {
    if (failed_) out_.gaps.push_back(fmt::format("{}: {}", failed_->first, failed_->second));
    failed_.reset();
  }

  asl::Event break_off(const asl::TaskRequest& request, const std::string& why = "") {
    broken_off_ = true;
    const Json failure = request.input.at("run").value("failure", Json::object());
    if (out_.gaps.empty() || !why.empty())
      out_.gaps.push_back(fmt::format("{}: {}", last_, why.empty() ? failure.value("Cause", "") : why));
    return asl::Proceed{};
  }

  World& world_;
  base::VirtualClock& time_;
  StandIn& stand_in_;
  base::Time until_;
  engine::Task task_;
  std::string run_ = std::string("rehearsal-") + rehearsed_run_end;
  std::string last_;                                           ///< the state whose task was called last
  std::optional<std::pair<std::string, std::string>> failed_;  ///< its last call, and why
  std::uint64_t seed_ = 0;
  bool broken_off_ = false;
  Rehearsed out_;
};

}  // namespace

std::optional<Rehearsed> rehearse(World& world, const Planned& planned) {
  base::VirtualClock time(world.clock.now());
  const auto stand_in = world.stand_in(time);
  if (!stand_in) return std::nullopt;
  return Performance(world, time, *stand_in).play(planned);
}

}  // namespace runs
