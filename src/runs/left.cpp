#include "runs/left.h"

#include "refresh/document.h"
#include "runs/view.h"

namespace runs {

/// Of runs that have ended the newest alone counts: one that came after a run that could not be rolled back
/// has found its target's place cleared, by a person, and the old one would be rolled back over it.
std::optional<store::ExecutionRow> left_run(Books& books, const std::string& target) {
  auto newest = books.journal.newest(target);
  const bool left =
      newest && (newest->status == "RUNNING" ||
                 (newest->status == "FAILED" && !refresh::roll_back_failure(state_of(*newest)).empty()));
  return left ? std::move(newest) : std::nullopt;
}

bool can_be_taken_up(Books& books, const store::ExecutionRow& row) {
  if (row.status != "FAILED") return row.status == "RUNNING";
  const auto left = left_run(books, row.subject);
  return left && left->id == row.id;
}

}  // namespace runs
