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
constexpr int transitions_per_commit = 16;

store::ExecutionRow row_of(const Execution& execution, const std::string& machine, base::Time now) {
  store::ExecutionRow row{.id = execution.id,
                          .name = execution.name,
                          .machine = machine,
                          .status = std::string(to_string(execution.status)),
                          .snapshot = base::dump_valid(to_json(execution)),
                          .due = next_due(execution)};
  if (execution.status != Execution::Status::running) {
    row.ended = now;
    row.error = execution.root.error.value_or("");
    row.cause = execution.root.cause.value_or("");
  }
  return row;
}

bool can_go_on(const asl::Decision& decision) {
  return decision.more && decision.tasks.empty() && !decision.stale;
}

Execution read_snapshot(const store::ExecutionRow& row) {
  try {
    return asl::execution_from_json(Json::parse(row.snapshot));
  } catch (const Json::exception& error) {
    throw Error("JournalDamaged",
                fmt::format("run {} cannot be read from the journal: {}", row.id, error.what()),
                "put journal.db back from a backup, or ask for help before anything else is tried");
  }
}

Error in_the_way(const std::string& other, const std::string& subject) {
  return {"AlreadyRunning", fmt::format("run {} is already refreshing {}", other, subject),
          fmt::format("wait for it, or: dbrefresh cancel {}", other)};
}

}  // namespace

Engine::Engine(store::Journal& journal, base::Clock& clock, Ownership& ownership, Task task,
               Observer& observer, Options options)
    : journal_(journal),
      clock_(clock),
      ownership_(ownership),
      task_(std::move(task)),
      observer_(observer),
      options_(std::move(options)),
      entropy_{options_.seed},
      light_(options_.workers),
      heavy_(options_.workers > 0 && options_.is_heavy ? options_.heavy_workers : 0) {}

Engine::~Engine() {
  interrupt_.request_stop();
}

void Engine::start(const std::string& id, const std::string& subject, const std::string& definition,
                   const Json& input, const std::string& remark) {
  const std::string machine_id = journal_.put_machine(definition);
  Execution execution = asl::begin(id, id, "dbrefresh", input, clock_.now());
  execution.event_limit = options_.max_events;
  auto row = row_of(execution, machine_id, clock_.now());
  row.subject = subject;
  row.remark = remark;
  row.owner = ownership_.id();
  row.created = clock_.now();
  if (const auto other = journal_.create(row)) throw in_the_way(*other, subject);
  driven_[id].machine = machine_id;
  ready_.emplace(id, asl::Start{});
}

bool Engine::claim(const std::string& id) {
  return journal_.claim(id, ownership_.id(),
                        [this](const std::string& owner) { return ownership_.is_alive(owner); });
}

bool Engine::adopt(const std::string& id) {
  if (!claim(id)) return false;
  const auto row = journal_.find(id);
  if (!row || row->status != "RUNNING") return false;
  try {
    take_up(*row);
  } catch (const Error&) {
    driven_.erase(id);
    journal_.release(id, ownership_.id());
    throw;
  }
  return true;
}

bool Engine::redrive(const std::string& id, const HowToGoOn& how) {
  if (!claim(id)) return false;
  bool failed = false;
  try {
    failed = begin_again(id, how);
  } catch (const Error&) {
    end(id);
    throw;
  }
  if (!failed) end(id);
  return failed;
}

bool Engine::begin_again(const std::string& id, const HowToGoOn& how) {
  const auto row = journal_.find(id);
  const auto again = row && row->status == "FAILED" ? how(*row) : std::nullopt;
  if (!again) return false;
  driven_[id].machine = row->machine;
  const auto now = clock_.now();
  auto moved = move(id, *again, now);
  if (moved.decision.stale) return false;
  if (const auto other = record(moved, *again, now)) throw in_the_way(*other, row->subject);
  go_on(std::move(moved), now);
  return true;
}

void Engine::take_up(const store::ExecutionRow& row) {
  const Execution execution = read_snapshot(row);
  driven_[row.id].machine = row.machine;
  if (execution.events == 0) {
    ready_.emplace(row.id, asl::Start{});
    return;
  }
  const auto open = asl::open_tasks(machine(row.machine), execution, entropy_.next());
  schedule(row.id, execution, true);
  for (const auto& request : open) {
    journal_.begin_again(row.id, request.token, clock_.now());
    dispatch(row.id, request);
  }
}

const asl::Machine& Engine::machine(const std::string& id) {
  auto found = parsed_.find(id);
  if (found == parsed_.end())
    found = parsed_.emplace(id, asl::parse_machine(base::LocatedJson::parse(journal_.machine(id)))).first;
  return found->second;
}

void Engine::run(const std::stop_token& stop) {
  drive(stop);
  if (const auto why = std::exchange(abandoned_, std::nullopt)) throw *why;
}

void Engine::drive(const std::stop_token& stop) {
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
  auto hot = std::exchange(hot_, std::nullopt);
  if (hot && hot->id == id) return *std::move(hot);
  const auto row = journal_.find(id);
  if (!row) throw Error("JournalDamaged", fmt::format("run {} is no longer in the journal", id));
  return read_snapshot(*row);
}

Engine::Move Engine::move(const std::string& id, const asl::Event& event, base::Time now) {
  const asl::Machine& document = machine(driven_.at(id).machine);
  Execution execution = load(id);
  asl::Decision decision = asl::advance(document, execution, event, now, entropy_.next());
  // What follows without touching the world may share the commit: nothing is done before it.
  for (int i = 1; i < transitions_per_commit && can_go_on(decision); ++i) {
    asl::Decision next = asl::advance(document, execution, asl::Proceed{}, now, entropy_.next());
    std::ranges::move(next.events, std::back_inserter(decision.events));
    decision.tasks = std::move(next.tasks);
    decision.more = next.more;
  }
  return {std::move(execution), std::move(decision)};
}

/// Nothing if the execution cannot be moved: then it alone is given up.
std::optional<Engine::Move> Engine::decide(const std::string& id, const asl::Event& event, base::Time now) {
  try {
    return move(id, event, now);
  } catch (const Error& error) {
    if (error.retryable) throw;
    abandon(id, error);
  } catch (const std::exception& error) {  // the interpreter's own failure outcomes are no exceptions
    abandon(id, Error("JournalDamaged", fmt::format("run {} cannot go on: {}", id, error.what())));
  }
  return std::nullopt;
}

std::optional<std::string> Engine::record(const Move& move, const asl::Event& event, base::Time now) {
  const Execution& execution = move.execution;
  const auto updated = row_of(execution, driven_.at(execution.id).machine, now);
  std::vector<store::EventRow> events;
  for (const auto& each : move.decision.events)
    events.push_back(
        {each.id, now, each.type, each.state, each.details.is_null() ? "" : base::dump_valid(each.details)});
  std::vector<store::AttemptRow> begun;
  for (const auto& task : move.decision.tasks)
    begun.push_back({.token = task.token, .state = task.state, .started = now});
  std::optional<store::AttemptRow> ended;
  if (const auto* result = std::get_if<asl::TaskResult>(&event))
    ended = store::AttemptRow{
        .token = result->token, .ended = now, .outcome = result->error.value_or("succeeded")};
  const store::JournalWrite write{
      .execution = updated, .events = events, .begun = std::move(begun), .ended = std::move(ended)};
  if (std::holds_alternative<asl::Redrive>(event)) return journal_.reopen(write);
  journal_.write(write);
  return std::nullopt;
}

void Engine::step(const std::string& id, const asl::Event& event) {
  if (!driven_.contains(id)) return;  // it has ended since this event was made ready
  const base::Time now = clock_.now();
  auto moved = decide(id, event, now);
  if (!moved || moved->decision.stale) return;
  record(*moved, event, now);
  go_on(*std::move(moved), now);
}

/// Does what was decided and recorded.
void Engine::go_on(Move moved, base::Time now) {
  const auto& [execution, decision] = moved;
  const std::string id = execution.id;
  for (const auto& each : decision.events) observer_.history(id, each, now);
  if (execution.status != Execution::Status::running) return end(id);
  schedule(id, execution, decision.more);
  hot_ = std::move(moved.execution);
  for (const auto& task : decision.tasks) dispatch(id, task);
}

void Engine::abandon(const std::string& id, const Error& why) {
  observer_.abandoned(id, why);
  if (!abandoned_) abandoned_ = why;
  end(id);
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
  clock_.sleep_until(light_.empty() ? until : std::min<base::Time>(until, now + cancel_poll), woken);
}

}  // namespace engine
