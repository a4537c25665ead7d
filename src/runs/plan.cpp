#include "runs/plan.h"

#include <algorithm>

#include "refresh/workflow.h"

namespace runs {
namespace {

using base::Json;

Json steps_of(const refresh::RefreshFile& file) {
  Json steps = Json::array();
  for (const refresh::Step* step : refresh::sequence())
    steps.push_back(
        {{"key", step->key},
         {"state", step->states.start},
         {"summary", step->summary},
         {"runs", !step->in_file || step->report || file.members.contains(std::string(step->key))}});
  return steps;
}

}  // namespace

bool Planned::ok() const {
  return std::ranges::all_of(problems, &base::Problem::warning);
}

refresh::RefreshFile read_refresh_file(const std::string& path) {
  return refresh::parse_refresh_file(os::read_file(path));
}

Planned make_plan(World& world, const Request& request) {
  Planned planned{.file = read_refresh_file(request.path)};
  planned.problems = planned.file.problems;
  if (!planned.file.ok()) return planned;
  planned.plan = refresh::make_plan(to_json(planned.file.names), planned.file.members, world.services, "");
  for (auto each : planned.plan.problems) {
    each.line = planned.file.line_of(each.path);
    planned.problems.push_back(std::move(each));
  }
  return planned;
}

Json problems_view(const std::string& path, const std::vector<base::Problem>& problems) {
  Json list = Json::array();
  for (const auto& each : problems)
    list.push_back({{"file", path},
                    {"line", each.line},
                    {"path", each.path},
                    {"message", each.message},
                    {"severity", each.warning ? "warning" : "error"}});
  return list;
}

Json plan_view(const std::string& path, const Planned& planned) {
  Json view = {{"problems", problems_view(path, planned.problems)}};
  if (!planned.file.ok()) return view;
  const auto& names = planned.file.names;
  view.update({{"kind", to_string(names.kind)},
               {"source", names.source},
               {"target", names.target},
               {"temporary", names.temp},
               {"exists", planned.plan.old_status.empty() ? Json() : Json(planned.plan.old_status)},
               {"notes", planned.plan.notes},
               {"steps", steps_of(planned.file)}});
  return view;
}

}  // namespace runs
