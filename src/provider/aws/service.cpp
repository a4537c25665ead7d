#include "provider/aws/service.h"

#include <algorithm>

#include "base/error.h"

namespace provider::aws {
namespace {

using namespace std::chrono_literals;

constexpr auto least = 1s, shared_for = 5s;
/// Pages of a hundred: more than any quota allows.
constexpr int most_pages = 1'000;

const Json nothing = Json::object();

}  // namespace

Json Service::call(const std::string& service, const std::string& operation, Json input, const Budget& budget,
                   const std::string& region) {
  const Budget enough{budget.clock, std::max(budget.until, budget.clock.now() + least), budget.stop,
                      budget.tell};
  return api_.call({service, operation, std::move(input), region}, enough);
}

std::vector<Json> Service::all(const std::string& service, const std::string& operation, Json input,
                               const std::string& list, const Budget& budget) {
  const char* marker = service == "rds" || service == "iam" ? "Marker" : "NextToken";
  std::vector<Json> out;
  for (int page = 0; page < most_pages; ++page) {
    const Json answer = call(service, operation, input, budget);
    for (const Json& each : part(answer, list.c_str())) out.push_back(each);
    if (text(answer, marker).empty()) return out;
    input[marker] = answer[marker];
  }
  throw base::Error("TooManyPages", operation + " does not come to an end");
}

Service::Answer& Service::answer_to(const std::string& question) {
  const std::lock_guard lock(mutex_);
  return answers_[question];
}

std::vector<Json> Service::shared(const std::string& service, const std::string& operation, const Json& input,
                                  const std::string& list, const Budget& budget) {
  Answer& answer = answer_to(service + " " + operation + " " + input.dump());
  const std::lock_guard lock(answer.asking);
  const auto now = clock_.now();
  if (answer.asked && now < *answer.asked + shared_for && now >= *answer.asked) return answer.all;
  answer.all = all(service, operation, input, list, budget);
  answer.asked = now;
  return answer.all;
}

Budget Service::own_budget(std::chrono::seconds longest) {
  return {clock_, clock_.now() + longest, {}, [](const base::Note&) {}};
}

std::string text(const Json& from, const char* member) {
  const Json& value = part(from, member);
  return value.is_string() ? value.get<std::string>() : std::string();
}

bool flag(const Json& from, const char* member) {
  const Json& value = part(from, member);
  return value.is_boolean() && value.get<bool>();
}

std::int64_t number(const Json& from, const char* member) {
  return base::integer(part(from, member)).value_or(0);
}

const Json& part(const Json& from, const char* member) {
  const auto found = from.find(member);
  return found == from.end() || found->is_null() ? nothing : *found;
}

std::optional<base::Time> time(const Json& from, const char* member) {
  return base::parse_iso_offset(text(from, member));
}

}  // namespace provider::aws
