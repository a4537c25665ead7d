#include "runs/left.h"

#include <set>

#include "refresh/document.h"
#include "runs/view.h"

namespace runs {
namespace {

/// "" where what a run has ended with cannot be read, too: whoever looks must not fail by one row.
std::string roll_back_failure_of(const store::ExecutionRow& row) {
  return base::Json::accept(row.snapshot) ? refresh::roll_back_failure(state_of(row)) : "";
}

}  // namespace

/// Of runs that have ended the newest alone counts: one that came after a run that could not be rolled back
/// has found its target's place cleared, by a person, and the old one would be rolled back over it.
std::optional<store::ExecutionRow> left_run(Books& books, const std::string& target) {
  auto newest = books.journal.newest(target);
  const bool left = newest && (newest->status == "RUNNING" ||
                               (newest->status == "FAILED" && !roll_back_failure_of(*newest).empty()));
  return left ? std::move(newest) : std::nullopt;
}

std::string why_not_put_back(Books& books, const store::ExecutionRow& row) {
  return row.status == "FAILED" && can_be_taken_up(books, row) ? roll_back_failure_of(row) : "";
}

std::map<std::string, std::string> not_put_back(Books& books) {
  std::set<std::string> targets;
  for (const auto& row : books.journal.list(false))
    if (row.status == "FAILED") targets.insert(row.subject);
  std::map<std::string, std::string> all;
  for (const auto& target : targets)
    if (const auto left = left_run(books, target); left && left->status == "FAILED")
      all[left->id] = roll_back_failure_of(*left);
  return all;
}

bool can_be_taken_up(Books& books, const store::ExecutionRow& row) {
  if (row.status != "FAILED") return row.status == "RUNNING";
  const auto left = left_run(books, row.subject);
  return left && left->id == row.id;
}

}  // namespace runs
