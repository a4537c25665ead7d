#include "runs/left.h"

#include <algorithm>
#include <ranges>

#include "refresh/document.h"
#include "runs/view.h"

namespace runs {

/// Of runs that have ended the newest alone counts: one that came after a run that could not be rolled back
/// has found its target's place cleared, by a person, and the old one would be rolled back over it.
std::optional<store::ExecutionRow> left_run(Books& books, const std::string& target) {
  const auto rows = books.journal.list(false);
  auto of_target = [&](const auto& row) { return row.subject == target && row.status != "REFUSED"; };
  const auto found = std::ranges::find_if(rows.rbegin(), rows.rend(), of_target);
  if (found == rows.rend()) return std::nullopt;
  auto row = must_find_run(books, found->id);
  const bool left = row.status == "RUNNING" ||
                    (row.status == "FAILED" && refresh::roll_back_again(state_of(row)).has_value());
  return left ? std::optional(std::move(row)) : std::nullopt;
}

bool can_be_taken_up(Books& books, const store::ExecutionRow& row) {
  if (row.status != "FAILED") return row.status == "RUNNING";
  const auto left = left_run(books, row.subject);
  return left && left->id == row.id;
}

}  // namespace runs
