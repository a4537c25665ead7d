#include "runs/retry.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "refresh/lookup.h"
#include "refresh/marks.h"
#include "refresh/workflow.h"
#include "runs/left.h"
#include "runs/view.h"

namespace runs {
namespace {

using base::Error;
using base::Json;

Error nothing_kept(const std::string& run, const std::string& why) {
  return {"BadInput", fmt::format("there is nothing of run {} to go on with: {}", run, why),
          "a run keeps its copy with --keep-failed, or on_failure: {keep_copy: true} in its file"};
}

provider::Database kept_copy(World& world, const store::ExecutionRow& row, const Json& state) {
  if (row.status != "FAILED") throw nothing_kept(row.id, "it is " + row.status);
  if (const auto why = why_not_put_back(world, row); !why.empty())
    throw Error("BadInput", fmt::format("run {} has not been put back: {}", row.id, why),
                "dbrefresh resume " + row.id);
  const auto name = refresh::kept_name(state.at("names").at("target"), row.id);
  auto found = world.services().databases.find_any(name);
  if (!found || tag_of(*found, "refresh-run") != row.id)
    throw nothing_kept(row.id, fmt::format("it kept no copy, or '{}' is gone", name));
  return *std::move(found);
}

/// What serves by now is newer than what was kept: it would go for older data.
void must_be_the_newest(World& world, const store::ExecutionRow& kept) {
  for (const auto& each : world.journal.list(false))
    if (each.subject == kept.subject && each.status == "SUCCEEDED" && each.created > kept.created)
      throw Error("BadInput",
                  fmt::format("run {} has refreshed {} since run {} failed: the kept copy is older", each.id,
                              kept.subject, kept.id),
                  "dbrefresh run makes a new copy; delete the kept one: dbrefresh local delete");
}

/// In the order of the work.
std::ptrdiff_t place_of(const refresh::Step& step) {
  const auto all = refresh::sequence();
  return std::ranges::find(all, &step) - all.begin();
}

const refresh::Step& must_be_step(const std::string& key) {
  const refresh::Step* step = refresh::find_step(key);
  if (step == nullptr)
    throw Error("BadInput", fmt::format("there is no step '{}'", key), "dbrefresh steps lists all");
  if (step->stage != refresh::Stage::post_restore)
    throw Error("BadInput", fmt::format("'{}' makes the copy, and a retry goes on with one", key),
                "dbrefresh run makes another copy");
  return *step;
}

/// Where the scripts are gone on with.
refresh::Headway headway(const provider::Database& copy, const RetryAsked& asked) {
  const auto& masking = refresh::masking_step();
  const bool all_ran = refresh::has_mark(copy, refresh::scripts_done_mark(asked.run));
  if (!asked.from.empty()) {
    const auto& from = must_be_step(asked.from);
    if (place_of(from) <= place_of(masking)) return {};
    if (!all_ran)
      throw Error("BadInput", fmt::format("the scripts of run {} have not all run", asked.run),
                  fmt::format("retry --from {}", masking.key));
  }
  if (const auto known = refresh::headway_of(copy, asked.run)) return *known;
  throw Error(
      "BadInput", fmt::format("nobody knows how far the scripts of run {} came", asked.run),
      fmt::format("retry --from {} runs all of them on the copy as it is: what masks twice may do harm",
                  masking.key));
}

std::string told(const Json& state, const char* name) {
  const Json found = refresh::told(state, name);
  return found.is_string() ? found.get<std::string>() : "";
}

std::string file_of(const Json& state, const RetryAsked& asked) {
  const auto path = asked.path.empty() ? state.value("file", "") : asked.path;
  if (path.empty())
    throw Error("BadInput", fmt::format("which file run {} was begun with is not known", asked.run),
                "say it: --file FILE");
  return path;
}

}  // namespace

Request retry_request(World& world, const RetryAsked& asked) {
  const auto row = must_find_run(world, asked.run);
  const Json state = state_of(row);
  const auto copy = kept_copy(world, row, state);
  must_be_the_newest(world, row);
  Request request{.path = file_of(state, asked), .keep_failed = true, .unmasked = asked.unmasked};
  request.retry = {.of = row.id,
                   .copy = copy.id,
                   .data_time = told(state, "dataTime"),
                   .method = told(state, "method"),
                   .scripts = headway(copy, asked)};
  const Planned planned = read_refresh_file(request.path, world.clock.now());
  if (!planned.ok()) return request;  // refused with its problems
  if (to_json(planned.file.names) != state.at("names"))
    request.objections.push_back({0, "$", fmt::format("is of other databases than run {}", row.id)});
  std::ranges::copy(refresh::differences(state.at("members"), planned.file.members),
                    std::back_inserter(request.objections));
  for (auto& each : request.objections) planned.file.locate(each);
  return request;
}

}  // namespace runs
