// Calls of Amazon's services, with a budget that is never too short for one.
#pragma once

#include <map>
#include <mutex>

#include "aws/api.h"

namespace provider::aws {

using base::Json;
using Budget = base::Budget;

/// Thread-safe. Both must outlive it.
class Service {
 public:
  Service(::aws::Api& api, base::Clock& clock) : api_(api), clock_(clock) {}

  /// One call. Even where the budget is spent it gets a second: what was begun can be looked at later, and
  /// what was looked at decides.
  /// `region` "": that of the Api.
  Json call(const std::string& service, const std::string& operation, Json input, const Budget& budget,
            const std::string& region = "");
  Json rds(const std::string& operation, Json input, const Budget& budget) {
    return call("rds", operation, std::move(input), budget);
  }
  /// All pages of a list, `list` being its member of the output.
  std::vector<Json> all(const std::string& service, const std::string& operation, Json input,
                        const std::string& list, const Budget& budget);

  /// The same of what people alone change (groups, offers, quotas), which many runs that begin together ask
  /// for: within some seconds one answer serves all who ask the same.
  std::vector<Json> shared(const std::string& service, const std::string& operation, const Json& input,
                           const std::string& list, const Budget& budget);

  base::Clock& clock() { return clock_; }
  /// For verbs that are given no budget.
  Budget own_budget(std::chrono::seconds longest = std::chrono::seconds(60));

 private:
  struct Answer {
    std::mutex asking;  ///< held while it is asked for, and guards the rest
    std::vector<Json> all;
    std::optional<base::Time> asked;
  };
  Answer& answer_to(const std::string& question);

  ::aws::Api& api_;
  base::Clock& clock_;
  std::mutex mutex_;                       ///< guards answers_
  std::map<std::string, Answer> answers_;  ///< by question: as many as there are groups and classes
};

/// Members of an answer; "", false, 0 and {} where it leaves one out.
std::string text(const Json& from, const char* member);
bool flag(const Json& from, const char* member);
std::int64_t number(const Json& from, const char* member);
const Json& part(const Json& from, const char* member);
std::optional<base::Time> time(const Json& from, const char* member);

}  // namespace provider::aws
