#include "engine/engine.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace engine {
namespace {

using asl::Execution;
using base::Error;
using base::Json;

constexpr auto idle_poll = std::chrono::seconds(3600);
constexpr auto cancel_poll = std::chrono::milliseconds(500);
constexpr int transitions_per_commit = 16;

store::ExecutionRow row_of(const Execution& execution, const std::string& machine, base::Time now) {
  store::ExecutionRow row{.id = execution.id,
                          .name = execution.name,
                          .machine = machine,
                          .status = std::string(to_string(execution.status)),
                          .snapshot = to_json(execution).dump(),
                          .due = next_due(execution)};
  if (execution.status != Execution::Status::running) {
    row.ended = now;
    row.error = execution.root.error.value_or("");
    row.cause = execution.root.cause.value_or("");
  }
  return row;
}

std::string cause_of(const Error& error) {
  return error.hint.empty() ? fmt::format("{}: {}", error.code, error.message)
                            : fmt::format("{}: {}\nhint: {}", error.code, error.message, error.hint);
}

}  // namespace

Engine::Engine(store::Journal& journal, base::Clock& clock, Ownership& ownership, Task task,
               Observer& observer, Options options)
    : journal_(journal),
      clock_(clock),
      ownership_(ownership),
      task_(std::move(task)),
      observer_(observer),
      entropy_{options.seed} {
  for (std::size_t i = 0; i < options.workers; ++i)
    workers_.emplace_back([this](const std::stop_token& stop) { work(stop); });
}

Engine::~Engine() {
  interrupt_.request_stop();
  for (auto& worker : workers_) worker.request_stop();
}

void Engine::start(const std::string& id, const std::string& subject, const std::string& definition,
                   const Json& input) {
  const std::string machine_id = journal_.put_machine(definition);
  const Execution execution = asl::begin(id, id, "dbrefresh", input, clock_.now());
  auto row = row_of(execution, machine_id, clock_.now());
  row.subject = subject;
  row.owner = ownership_.id();
  row.created = clock_.now();
  if (const auto other = journal_.create(row)) {
    throw Error("AlreadyRunning", fmt::format("run {} is already refreshing {}", *other, subject),
                fmt::format("wait for it, or: dbrefresh cancel {}", *other));
  }
  driven_[id].machine = machine_id;
  ready_.emplace(id, asl::Start{});
}

bool Engine::adopt(const std::string& id) {
  if (!journal_.claim(id, ownership_.id(),
                      [this](const std::string& owner) { return ownership_.is_alive(owner); }))
    return false;
  const auto row = journal_.find(id);
  if (!row || row->status != "RUNNING") return false;
  const Execution execution = asl::execution_from_json(Json::parse(row->snapshot));
  driven_[id].machine = row->machine;
  if (execution.events == 0) {
    ready_.emplace(id, asl::Start{});
    return true;
  }
  const auto open = asl::open_tasks(machine(row->machine), execution, entropy_.next());
  schedule(id, execution, true);
  for (const auto& request : open) {
    journal_.begin_again(id, request.token, clock_.now());
    dispatch(id, request, true);
  }
  return true;
}

const asl::Machine& Engine::machine(const std::string& id) {
  auto found = parsed_.find(id);
  if (found == parsed_.end())
    found = parsed_.emplace(id, asl::parse_machine(base::LocatedJson::parse(journal_.machine(id)))).first;
  return found->second;
}

void Engine::run(const std::stop_token& stop) {
  const std::stop_callback interrupt(stop, [this] {
    interrupt_.request_stop();
    const std::lock_guard lock(mutex_);
    wake_.request_stop();
  });
  while (!stop.stop_requested() && !driven_.empty()) {
    take_results();
    if (clock_.now() >= next_look_) look_for_cancels();
    fire_timers();
    if (!ready_.empty()) {
      const auto [id, event] = std::move(ready_.front());
      ready_.pop();
      step(id, event);
    } else if (in_flight_ > 0 || !timers_.empty()) {
      wait(stop);
    } else {
      return;
    }
  }
  while (in_flight_ > 0) {  // told to stop: let each say whether it ended or was cut short
    wait({});
    take_results();
  }
}

/// Takes the execution out of hot_: until what happens to it is committed, the journal is the truth.
Execution Engine::load(const std::string& id) {
  const auto hot = std::exchange(hot_, std::nullopt);
  return hot && hot->id == id ? *hot : asl::execution_from_json(Json::parse(journal_.find(id)->snapshot));
}

void Engine::step(const std::string& id, const asl::Event& event) {
  const auto found = driven_.find(id);
  if (found == driven_.end()) return;  // it has ended since this event was made ready
  Execution execution = load(id);
  const std::string machine_id = found->second.machine;
  const base::Time now = clock_.now();
  asl::Decision decision = asl::advance(machine(machine_id), execution, event, now, entropy_.next());
  if (decision.stale) return;
  // What follows without touching the world may share the commit: nothing is done before it.
  for (int i = 1; i < transitions_per_commit && decision.more && decision.tasks.empty(); ++i) {
    asl::Decision next = asl::advance(machine(machine_id), execution, asl::Proceed{}, now, entropy_.next());
    std::ranges::move(next.events, std::back_inserter(decision.events));
    decision.tasks = std::move(next.tasks);
    decision.more = next.more;
  }

  const auto updated = row_of(execution, machine_id, now);
  std::vector<store::EventRow> events;
  for (const auto& each : decision.events)
    events.push_back(
        {each.id, now, each.type, each.state, each.details.is_null() ? "" : each.details.dump()});
  std::vector<store::AttemptRow> begun;
  for (const auto& task : decision.tasks)
    begun.push_back({.token = task.token, .state = task.state, .started = now});
  std::optional<store::AttemptRow> ended;
  if (const auto* result = std::get_if<asl::TaskResult>(&event))
    ended = store::AttemptRow{
        .token = result->token, .ended = now, .outcome = result->error.value_or("succeeded")};
  journal_.write(
      {.execution = updated, .events = events, .begun = std::move(begun), .ended = std::move(ended)});

  for (const auto& each : decision.events) observer_.history(id, each, now);
  if (execution.status != Execution::Status::running) return end(id);
  schedule(id, execution, decision.more);
  hot_ = std::move(execution);
  for (const auto& task : decision.tasks) dispatch(id, task, false);
}

void Engine::schedule(const std::string& id, const Execution& execution, bool more) {
  if (const auto old = due_.find(id); old != due_.end()) {
    timers_.erase({old->second, id});
    due_.erase(old);
  }
  if (more) ready_.emplace(id, asl::Proceed{});
  if (const auto due = asl::next_due(execution)) {
    timers_.emplace(*due, id);
    due_[id] = *due;
  }
}

void Engine::end(const std::string& id) {
  journal_.release(id, ownership_.id());
  if (const auto old = due_.find(id); old != due_.end()) {
    timers_.erase({old->second, id});
    due_.erase(old);
  }
  driven_.erase(id);
}

void Engine::fire_timers() {
  const base::Time now = clock_.now();
  while (!timers_.empty() && timers_.begin()->first <= now) {
    const std::string id = timers_.begin()->second;
    timers_.erase(timers_.begin());
    due_.erase(id);
    ready_.emplace(id, asl::Tick{});
  }
}

void Engine::wait(const std::stop_token& stop) {
  std::stop_token woken;
  {
    const std::lock_guard lock(mutex_);
    if (!done_.empty() || stop.stop_requested()) return;
    wake_ = std::stop_source();
    woken = wake_.get_token();
  }
  const base::Time now = clock_.now();
  const auto until = timers_.empty() ? now + idle_poll : timers_.begin()->first;
  clock_.sleep_until(workers_.empty() ? until : std::min<base::Time>(until, now + cancel_poll), woken);
}

void Engine::look_for_cancels() {
  next_look_ = clock_.now() + cancel_poll;
  for (const auto& id : journal_.cancelled()) {
    const auto found = driven_.find(id);
    if (found != driven_.end() && found->second.cancel.request_stop()) ready_.emplace(id, asl::Hurry{});
  }
}

void Engine::dispatch(const std::string& id, asl::TaskRequest request, bool maybe_happened) {
  look_for_cancels();
  Work work{id, std::move(request), driven_.at(id).cancel.get_token(), maybe_happened};
  ++in_flight_;
  if (workers_.empty()) {
    Done done = perform(work);
    const std::lock_guard lock(mutex_);
    done_.push(std::move(done));
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    work_.push(std::move(work));
  }
  work_ready_.notify_one();
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
  try {
    result.output = task_(Attempt{.execution = work.execution,
                                  .state = work.request.state,
                                  .input = work.request.input,
                                  .maybe_happened = work.maybe_happened,
                                  .clock = workers_.empty() ? watched : clock_,
                                  .stop = interrupt_.get_token(),
                                  .cancel = work.cancel,
                                  .tell = [&](const base::Note& note) {
                                    observer_.progress(work.execution, work.request.state, note);
                                  }});
  } catch (const Error& error) {
    const bool cut_short = error.code == "Interrupted" || error.code == "Cancelled";
    if (cut_short && interrupt_.stop_requested()) return {work.execution, std::move(result), true};
    result.error = cut_short ? "Cancelled" : error.retryable ? "Dbrefresh.Retryable" : error.code;
    result.cause = cause_of(error);
  } catch (const std::exception& error) {  // ours to mend: a bug, or no memory
    result.error = "Dbrefresh.Internal";
    result.cause = fmt::format("{}: {}", work.request.state, error.what());
  }
  return {work.execution, std::move(result), false};
}

void Engine::work(const std::stop_token& stop) {
  while (true) {
    std::unique_lock lock(mutex_);
    if (!work_ready_.wait(lock, stop, [this] { return !work_.empty(); })) return;
    const Work next = std::move(work_.front());
    work_.pop();
    lock.unlock();
    Done done = perform(next);
    lock.lock();
    done_.push(std::move(done));
    wake_.request_stop();
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
    if (!done.interrupted) step(done.execution, done.result);
  }
}

}  // namespace engine
