#include "refresh/marks.h"

#include <fmt/format.h>

#include <algorithm>

namespace refresh {

constexpr const char* mark_name = "refresh-scripts";

provider::Tags scripts_mark(const std::string& run, std::int64_t slices_begun) {
  return {{mark_name, fmt::format("{}:{}", run, slices_begun)}};
}

provider::Tags scripts_done_mark(const std::string& run) {
  return {{mark_name, run + ":done"}};
}

std::string scripts_lock(const std::string& run) {
  return "dbrefresh scripts " + run;
}

bool has_mark(const provider::Database& database, const provider::Tags& mark) {
  return std::ranges::all_of(mark,
                             [&](const auto& tag) { return tag_of(database, tag.first) == tag.second; });
}

bool has_scripts_mark(const provider::Database& database) {
  return !tag_of(database, mark_name).empty();
}

}  // namespace refresh
