// Parallel and Map: their children, and what becomes of them.
#include <fmt/format.h>

#include <algorithm>

#include "asl/advance.h"
#include "base/error.h"
#include "base/text.h"

namespace asl {

using base::Error;
using base::Time;
using Phase = Frame::Phase;

void Advance::parallel(const Here& here) {
  const Json input = effective_input(here, view(here), "Parameters");
  log("ParallelStateStarted", here.frame.state);
  here.frame.phase = Phase::children;
  here.frame.children.clear();
  for (const Machine& branch : here.state().branches)
    here.frame.children.push_back(Frame{.state = branch.start_at, .input = input, .item = here.frame.item});
}

void Advance::map(const Here& here) {
  const View seen = view(here);
  const Json& definition = here.definition();
  const Json input = path_or_empty(here, seen, "InputPath", here.frame.input);
  const std::string items_path = definition.value("ItemsPath", "$");
  const auto items = Path::parse(items_path).select(seen.of(input));
  if (!items)
    throw Error(std::string(runtime_error), fmt::format("Invalid path '{}' : No results for path: {}",
                                                        items_path, Path::parse(items_path).bracketed()));
  if (!items->is_array())
    throw Error(std::string(runtime_error),
                fmt::format("Reference path \"{}\" must point to array.", items_path));
  const char* selector = definition.contains("ItemSelector") ? "ItemSelector" : "Parameters";
  std::vector<Json> inputs;
  for (std::size_t i = 0; i < items->size(); ++i) {
    const Json item = {{"Index", i}, {"Value", (*items)[i]}};
    View with_item = seen;
    if (here.state().uses_context) with_item.context["Map"]["Item"] = item;
    Json child = definition.contains(selector)
                     ? evaluate_template(definition[selector], with_item.of(input), entropy_)
                     : (*items)[i];
    inputs.push_back({{"input", std::move(child)}, {"item", item}});
  }
  here.frame.max_concurrency = max_concurrency(here, seen, input);
  log("MapStateStarted", here.frame.state, {{"length", inputs.size()}});
  here.frame.phase = Phase::children;
  here.frame.children.clear();
  here.frame.pending.assign(inputs.rbegin(), inputs.rend());
}

std::size_t Advance::max_concurrency(const Here& here, const View& seen, const Json& input) {
  const Json& definition = here.definition();
  const std::string path = definition.value("MaxConcurrencyPath", "");
  Json value = path.empty() ? definition.value("MaxConcurrency", Json(0))
                            : evaluate_value(path, "MaxConcurrencyPath", seen.of(input), entropy_);
  const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  if (value.is_string() && base::is_digits(text)) value = Json::parse(text, nullptr, false);  // recorded
  if (value.is_number_integer() && value >= 0) return value.get<std::size_t>();
  throw Error(
      std::string(runtime_error),
      fmt::format("The MaxConcurrencyPath field refers to value \"{}\" which is not a valid integer: {}",
                  text, path));
}

void Advance::start_iterations(const Here& here) {
  Frame& frame = here.frame;
  auto running = [&] {
    return static_cast<std::size_t>(std::ranges::count_if(
        frame.children, [](const Frame& child) { return child.phase != Phase::succeeded; }));
  };
  while (!frame.pending.empty() && (frame.max_concurrency == 0 || running() < frame.max_concurrency)) {
    Json next = std::move(frame.pending.back());
    frame.pending.pop_back();
    log("MapIterationStarted", frame.state, {{"index", next["item"]["Index"]}});
    frame.children.push_back(Frame{.state = here.state().branches[0].start_at,
                                   .input = std::move(next["input"]),
                                   .item = std::move(next["item"])});
  }
}

bool Advance::gather(const Here& here) {
  Frame& frame = here.frame;
  const bool is_map = here.state().type == Type::map;
  const auto failed = std::ranges::find(frame.children, Phase::failed, &Frame::phase);
  if (failed != frame.children.end()) {
    if (is_map) log_end_of_iterations(frame);
    const auto error = failed->error, cause = failed->cause;
    handle(here, error, cause);
    return true;
  }
  bool changed = false;
  if (is_map) {
    for (Frame& child : frame.children) {
      if (child.phase != Phase::succeeded || child.reported) continue;
      child.reported = true;
      log("MapIterationSucceeded", frame.state, {{"index", child.item["Index"]}});
      changed = true;
    }
    const auto before = frame.pending.size();
    start_iterations(here);
    changed |= frame.pending.size() != before;
  }
  const bool all = frame.pending.empty() && std::ranges::all_of(frame.children, [](const Frame& child) {
                     return child.phase == Phase::succeeded;
                   });
  if (!all) return changed;
  Json results = Json::array();
  for (Frame& child : frame.children) results.push_back(std::move(child.input));
  log(is_map ? "MapStateSucceeded" : "ParallelStateSucceeded", frame.state);
  attempt(here, [&] { finish(here, std::move(results)); });
  return true;
}

void Advance::log_end_of_iterations(const Frame& frame) {
  for (const Frame& child : frame.children) {
    if (child.phase == Phase::succeeded) continue;
    log(child.phase == Phase::failed ? "MapIterationFailed" : "MapIterationAborted", frame.state,
        {{"index", child.item["Index"]}});
  }
}

}  // namespace asl
