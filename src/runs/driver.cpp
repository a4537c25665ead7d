#include "runs/driver.h"

#include <fmt/format.h>

#include "base/error.h"
#include "refresh/document.h"
#include "refresh/lookup.h"
#include "runs/view.h"

namespace runs {
namespace {

using base::Error;
using base::Json;

std::string new_run_id(base::Clock& clock) {
  std::string id;
  for (const char c : base::ledger_utc(clock.now()))
    if (c >= '0' && c <= '9') id += c;
  return id + "-" + os::random_text(6);
}

void seal_secrets(World& world, const std::string& run, const refresh::RefreshFile& file) {
  Json secrets = Json::object();
  for (const auto& [name, value] : file.secrets) secrets[name] = value.reveal();
  const std::string name = refresh::run_secret_name(run);
  world.secrets.put_pending(name, base::Secret(secrets.dump()));
  world.secrets.promote(name);
}

/// What a run is about, in the journal: `instance/mysqlinstd`.
std::string target_of(const refresh::Names& names) {
  return fmt::format("{}/{}", to_string(names.kind), names.target);
}

}  // namespace

void Driver::drive(const std::string& id, const std::function<void(engine::Engine&)>& begin) {
  engine::Ownership ownership(world_.home.engines());
  engine::Engine engine(world_.journal, world_.clock, ownership, refresh::make_task(world_.services),
                        listener_, {.workers = 2, .seed = os::random_seed()});
  begin(engine);
  try {
    engine.run(stop_);
  } catch (const std::exception& error) {
    throw Error("RunInterrupted", fmt::format("run {} is still open: {}", id, error.what()),
                "dbrefresh resume " + id);
  }
  listener_.leaves(id);
}

void Driver::clear(const std::string& target) {
  for (const auto& row : world_.journal.list(true)) {
    if (row.subject != target) continue;
    if (is_driven(world_, row))
      throw Error("AlreadyRunning", fmt::format("run {} is refreshing {} right now", row.id, target),
                  fmt::format("wait for it, or: dbrefresh cancel {}", row.id));
    listener_.clears(row.id);
    cancel(row.id);
  }
}

std::string Driver::start(const Request& request) {
  if (const auto file = read_refresh_file(request.path); file.ok()) clear(target_of(file.names));
  const Planned planned = make_plan(world_, request);
  const std::string id = new_run_id(world_.clock);
  listener_.plans(id, planned);
  if (!planned.ok()) return "";
  drive(id, [&](engine::Engine& engine) {
    engine.start(id, target_of(planned.file.names), refresh::state_machine().dump(),
                 refresh::run_input(id, planned.file, request.keep_failed, world_.clock.now()));
    // Only now: a secret of this kind without an open run belongs to nobody.
    seal_secrets(world_, id, planned.file);
  });
  return id;
}

void Driver::resume(const std::string& id) {
  drive(id, [&](engine::Engine& engine) {
    if (!engine.adopt(id))
      throw Error("AlreadyRunning", fmt::format("run {} is being driven by another process", id));
  });
}

bool Driver::cancel(const std::string& id) {
  world_.journal.request_cancel(id);
  bool ours = true;
  drive(id, [&](engine::Engine& engine) { ours = engine.adopt(id); });
  return ours;
}

}  // namespace runs
