// Tasks: how they are begun, told to stop, and what their ends become.
#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "engine/engine.h"

namespace engine {
using base::Error;

void Engine::look_for_cancels() {
  next_look_ = clock_.now() + cancel_poll;
  for (const auto& id : journal_.cancelled()) {
    const auto found = driven_.find(id);
    if (found != driven_.end() && found->second.cancel.request_stop()) ready_.emplace(id, asl::Hurry{});
  }
}

void Engine::dispatch(const std::string& id, asl::TaskRequest request) {
  look_for_cancels();
  Work work{id, std::move(request), driven_.at(id).cancel.get_token()};
  ++in_flight_;
  if (light_.empty()) return report(perform_counted(work));
  Workers& pool = !heavy_.empty() && options_.is_heavy(work.request) ? heavy_ : light_;
  pool.add([this, work = std::move(work)] { report(perform_whatever_flies(work)); });
}

void Engine::report(Done done) {
  const std::lock_guard lock(mutex_);
  done_.push(std::move(done));
  wake_.request_stop();
}

/// The clock of tasks in simulated time, where no thread looks while they sleep: it looks itself.
class Engine::WatchedClock : public base::Clock {
 public:
  explicit WatchedClock(Engine& engine) : engine_(engine) {}
  base::Time now() override { return engine_.clock_.now(); }
  bool sleep_until(base::Time deadline, std::stop_token stop) override {
    engine_.look_for_cancels();
    const bool came = engine_.clock_.sleep_until(deadline, std::move(stop));
    engine_.look_for_cancels();
    return came;
  }

 private:
  Engine& engine_;
};

/// The one place where an attempt's error is caught.
Engine::Done Engine::perform(const Work& work) {
  WatchedClock watched(*this);
  asl::TaskResult result{.token = work.request.token, .output = nullptr, .error = std::nullopt, .cause = {}};
  if (interrupt_.stop_requested()) return {work.execution, std::move(result), true};  // it came too late
  try {
    result.output =
        base::with_valid_text(task_(Attempt{.execution = work.execution,
                                            .state = work.request.state,
                                            .input = work.request.input,
                                            .clock = light_.empty() ? watched : clock_,
                                            .stop = interrupt_.get_token(),
                                            .cancel = work.cancel,
                                            .tell = [&](const base::Note& note) {
                                              observer_.progress(work.execution, work.request.state, note);
                                            }}));
  } catch (const Error& error) {
    const bool cut_short = error.code == "Interrupted" || error.code == "Cancelled";
    if (cut_short && interrupt_.stop_requested()) return {work.execution, std::move(result), true};
    auto failure = failure_of(error);
    if (failure.name == retryable_failure)  // it may be for an hour: people see why
      observer_.progress(work.execution, work.request.state,
                         {base::valid_utf8("tried again: " + error.code + ": " + error.message)});
    result.error = cut_short ? "Cancelled" : std::move(failure.name);
    result.cause = std::move(failure.cause);
  } catch (const std::exception& error) {  // ours to mend: a bug, or no memory
    result.error = "Dbrefresh.Internal";
    result.cause = base::valid_utf8(fmt::format("{}: {}", work.request.state, error.what()));
  }
  return {work.execution, std::move(result), false};
}

/// A task stays on the thread that calls it, and so do its requests.
Engine::Done Engine::perform_counted(const Work& work) {
  if (!options_.requests) return perform(work);
  const auto before = options_.requests();
  Done done = perform(work);
  done.requests = options_.requests() - before;
  return done;
}

/// On a thread of ours: what is no std::exception must not end the process. (On the caller's thread it
/// flies.)
Engine::Done Engine::perform_whatever_flies(const Work& work) {
  try {
    return perform_counted(work);
  } catch (...) {
    return {work.execution,
            {.token = work.request.token,
             .output = nullptr,
             .error = "Dbrefresh.Internal",
             .cause = work.request.state + ": threw something that is no error"},
            false};
  }
}

void Engine::take_results() {
  while (true) {
    std::unique_lock lock(mutex_);
    if (done_.empty()) return;
    const Done done = std::move(done_.front());
    done_.pop();
    lock.unlock();
    --in_flight_;
    if (done.requests) journal_.charge(done.execution, done.result.token, *done.requests);
    if (!done.interrupted) step(done.execution, done.result);
  }
}

}  // namespace engine
