#include "runs/efforts.h"

#include <algorithm>
#include <set>

#include "runs/view.h"

namespace runs {
namespace {

using base::Json;

struct Effort {
  std::string step;
  base::Time from{}, to{};  ///< until no attempt has ended, both are when it was entered
  std::chrono::microseconds worked{0};
  std::int64_t attempts = 0;
  std::optional<std::int64_t> requests;
};

Effort& effort_of(std::vector<Effort>& all, const std::string& state, base::Time at) {
  const auto step = step_of(state).get<std::string>();
  const auto found = std::ranges::find(all, step, &Effort::step);
  if (found != all.end()) return *found;
  return all.emplace_back(Effort{.step = step, .from = at, .to = at});
}

void add(const store::AttemptRow& attempt, Effort& to) {
  ++to.attempts;
  if (attempt.requests) to.requests = to.requests.value_or(0) + *attempt.requests;
  if (!attempt.ended) return;
  to.worked += *attempt.ended - attempt.started;
  to.to = std::max(to.to, *attempt.ended);
}

double seconds(std::chrono::microseconds span) {
  return std::chrono::duration<double>(std::max(span, std::chrono::microseconds{0})).count();
}

}  // namespace

Json efforts(Books& books, const std::string& run) {
  std::vector<Effort> all;
  const auto attempts = books.journal.attempts(run);
  std::set<std::string> attempted;
  for (const auto& each : attempts) attempted.insert(each.state);
  for (const auto& event : books.journal.events(run))
    if (attempted.contains(event.state)) effort_of(all, event.state, event.at);
  for (const auto& each : attempts) add(each, effort_of(all, each.state, each.started));
  Json list = Json::array();
  for (const auto& each : all)
    list.push_back({{"step", each.step},
                    {"attempts", each.attempts},
                    {"requests", each.requests ? Json(*each.requests) : Json()},
                    {"worked", seconds(each.worked)},
                    {"waited", seconds(each.to - each.from - each.worked)}});
  return list;
}

}  // namespace runs
