#include "runs/driver.h"

#include <fmt/format.h>

#include "base/error.h"
#include "refresh/document.h"
#include "refresh/launch.h"
#include "refresh/lookup.h"
#include "refresh/masking.h"
#include "refresh/passwords.h"
#include "runs/account_refusal.h"
#include "runs/housekeeping.h"
#include "runs/left.h"
#include "runs/recorder.h"
#include "runs/view.h"

namespace runs {
namespace {

using base::Error;
using base::Json;

base::Problem in_the_way(const std::string& run, const std::string& target) {
  return {0, "$.restore",
          fmt::format("run {} is refreshing {} right now; wait for it, or: dbrefresh cancel {}", run, target,
                      run)};
}

base::Problem not_put_back(const std::string& run, const std::string& why) {
  return {0, "$.restore",
          fmt::format("run {} of the same target could not be rolled back: {}; mend that, and try again", run,
                      why)};
}

constexpr auto look_again = std::chrono::milliseconds(200);

}  // namespace

std::string new_run_id(base::Clock& clock) {
  return refresh::run_stamp(clock.now()) + "-" + os::random_text(6);
}

Driver::Driver(World& world, Listener& listener, std::stop_token stop, int keep_days)
    : world_(world), listener_(listener), stop_(std::move(stop)) {
  sweep_secrets(world_);
  prune(world_, keep_days);
}

void Driver::drive(const std::vector<std::string>& ids, const std::function<void(engine::Engine&)>& begin) {
  engine::Ownership ownership(world_.home.engines());
  Recorder recorder(world_.progress, listener_, world_.clock);
  engine::Engine engine(
      world_.journal, world_.clock, ownership, refresh::make_task(world_.services()), recorder,
      {.workers = world_.workers().light,
       .heavy_workers = world_.workers().heavy,
       .is_heavy = [](const asl::TaskRequest& task) { return refresh::is_heavy(task.state); },
       .seed = os::random_seed(),
       .requests = world_.requests()});
  begin(engine);
  try {
    engine.run(stop_);
  } catch (const std::exception& error) {
    throw Error("RunInterrupted", fmt::format("run {} is still open: {}", fmt::join(ids, ", "), error.what()),
                "dbrefresh resume " + (ids.size() == 1 ? ids[0] : "--all"));
  }
  for (const auto& id : ids) {
    world_.progress.forget(id);
    listener_.leaves(id, must_find_run(world_, id).status != "RUNNING");
  }
}

/// True if no other run of the target is in the way any more; else `planned` gets it as a problem.
bool Driver::clear(const std::string& target, Planned& planned) {
  const auto left = left_run(world_, target);
  if (!left) return true;
  if (is_driven(world_, *left)) {
    planned.problems.push_back(in_the_way(left->id, target));
    return false;
  }
  listener_.clears(left->id, left->status == "RUNNING");
  try {
    if (left->status == "RUNNING")
      cancel(left->id, true);
    else
      resume(left->id);
  } catch (const Error& error) {
    if (error.code != "AlreadyRunning") throw;  // another one was faster: this one is refused, with a trace
    planned.problems.push_back(in_the_way(left->id, target));
    return false;
  }
  const auto why = refresh::roll_back_failure(state_of(must_find_run(world_, left->id)));
  if (!why.empty()) planned.problems.push_back(not_put_back(left->id, why));
  return why.empty();
}

std::string Driver::refuse(const std::string& id, Planned planned, Refusal why) {
  return refuse(id, std::move(planned), why, world_.place());
}

std::string Driver::refuse(const std::string& id, Planned planned, Refusal why, const std::string& place) {
  for (auto& each : record_refusal(world_, id, planned, why, place))
    planned.problems.push_back(std::move(each));
  listener_.plans(id, planned);
  return id;
}

std::string Driver::refuse(const Request& request, const Error& why, const std::string& place) {
  Planned planned = read_refresh_file(request.path, request.now.value_or(world_.clock.now()));
  planned.problems.push_back({0, "$", to_string(why)});
  return refuse(new_run_id(world_.clock), std::move(planned), Refusal::account, place);
}

void Driver::begin(engine::Engine& engine, const std::string& id, const Planned& planned) {
  Json input = refresh::run_input(id, planned.file, planned.keep_failed, world_.clock.now());
  input.update(refresh::unmasked_state(planned.unmasked));
  input["world"] = world_.whereabouts();
  input["file"] = os::fs::absolute(planned.path).lexically_normal().string();
  if (planned.retry) input[refresh::retry_member] = to_json(*planned.retry);
  // First: whoever dies in between leaves secrets without a run, which are swept away, and no run without
  // secrets.
  refresh::seal_passwords(world_.secrets, id, planned.file);
  engine.start(id, target_of(world_, planned.file.names), refresh::state_machine().dump(), input,
               refresh::masked_text(input));
}

std::string Driver::start(const Request& request) {
  const std::string id = new_run_id(world_.clock);
  Planned planned = read_refresh_file(request.path, request.now.value_or(world_.clock.now()));
  std::ranges::copy(request.objections, std::back_inserter(planned.problems));
  if (!planned.ok()) return refuse(id, std::move(planned), Refusal::invalid_file);
  const std::string target = target_of(world_, planned.file.names);
  if (!clear(target, planned)) return refuse(id, std::move(planned), Refusal::busy);
  if (stop_.stop_requested()) throw Error("RunInterrupted", "stopped before the run began");
  try {
    planned = make_plan(world_, request);
  } catch (const Error& error) {
    if (error.code != account_refused) throw;
    planned.problems.push_back({0, "$", to_string(error)});
    return refuse(id, std::move(planned), Refusal::account);
  }
  if (!planned.ok()) return refuse(id, std::move(planned), Refusal::plan);
  listener_.plans(id, planned);
  try {
    drive({id}, [&](engine::Engine& engine) { begin(engine, id, planned); });
  } catch (const Error& error) {
    if (error.code != "AlreadyRunning") throw;
    world_.secrets.remove(refresh::run_secret_name(id));
    planned.problems.push_back(planned.file.problem_at("$.restore", error.message));
    return refuse(id, std::move(planned), Refusal::busy);
  }
  return id;
}

void Driver::resume(const std::string& id) {
  const bool ended = must_find_run(world_, id).status == "FAILED";
  const auto how = [](const store::ExecutionRow& row) { return refresh::roll_back_again(state_of(row)); };
  drive({id}, [&](engine::Engine& engine) {
    if (!(ended ? engine.redrive(id, how) : engine.adopt(id)))
      throw Error("AlreadyRunning", fmt::format("run {} is being driven by another process", id),
                  "dbrefresh status " + id);
  });
}

std::vector<std::string> Driver::resume_all() {
  std::vector<std::string> ids, ours;
  for (const auto& row : world_.journal.list(true))
    if (!is_driven(world_, row) && whereabouts_of(must_find_run(world_, row.id)) == world_.whereabouts())
      ids.push_back(row.id);
  if (ids.empty()) return ours;
  drive(ours, [&](engine::Engine& engine) {  // another process may be faster: its runs are not ours to report
    for (const auto& id : ids)
      if (engine.adopt(id)) ours.push_back(id);
  });
  return ours;
}

void Driver::cancel(const std::string& id, bool wait) {
  world_.journal.request_cancel(id);
  for (bool told = false; !stop_.stop_requested();) {
    const auto row = must_find_run(world_, id);
    if (row.status != "RUNNING") return;
    if (!is_driven(world_, row)) {
      try {
        return resume(id);
      } catch (const Error& error) {
        if (error.code != "AlreadyRunning") throw;  // another one was faster: it is awaited
      }
    }
    if (!wait) return;
    if (!std::exchange(told, true)) listener_.awaits(id);
    world_.clock.sleep_until(world_.clock.now() + look_again, stop_);
  }
}

}  // namespace runs
