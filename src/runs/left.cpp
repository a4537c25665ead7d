#include "runs/left.h"

#include "refresh/document.h"
#include "runs/view.h"

namespace runs {
namespace {

std::string roll_back_failure_of(const store::ExecutionRow& row) {
  return refresh::roll_back_failure(state_of(row));
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

std::map<std::string, std::string> not_put_back(Books& books) {
  std::map<std::string, store::ExecutionRow> newest;  // by target; the rows have no snapshots
  for (auto& row : books.journal.list(false))
    if (row.status != "REFUSED") newest.insert_or_assign(row.subject, std::move(row));
  std::map<std::string, std::string> all;
  for (const auto& [target, row] : newest)
    if (row.status == "FAILED")
      if (auto why = roll_back_failure_of(must_find_run(books, row.id)); !why.empty())
        all[row.id] = std::move(why);
  return all;
}

bool can_be_taken_up(Books& books, const store::ExecutionRow& row) {
  if (row.status != "FAILED") return row.status == "RUNNING";
  const auto left = left_run(books, row.subject);
  return left && left->id == row.id;
}

}  // namespace runs
