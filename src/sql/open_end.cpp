#include "sql/open_end.h"

#include <algorithm>

#include "base/text.h"

namespace sql {
namespace {

/// What the statements so far have left.
struct Course {
  bool open = false, commits_by_itself = true;

  void take(const std::string& text) {
    const auto word = first_word(text);
    const auto has = [&](const char* part) { return text.find(part) != std::string::npos; };
    if (word == "begin" || word == "start" || word == "xa")
      open = has("xa commit") || has("xa rollback") ? false : open || !has("atomic");
    else if (word == "commit" || word == "end" || word == "abort" || (word == "rollback" && !has(" to ")))
      open = has("chain") && !has("no chain");
    else if (word == "set" && has("autocommit"))
      set_autocommit(!has("0") && !has("off") && !has("false"));
    else if (!commits_by_itself && changes(word))
      open = true;
  }

  void set_autocommit(bool on) {
    commits_by_itself = on;
    if (on) open = false;
  }

  static bool changes(std::string_view word) {
    constexpr std::string_view words[] = {"call", "delete", "insert", "load", "replace", "update", "with"};
    return std::ranges::find(words, word) != std::end(words);
  }
};

}  // namespace

bool may_end_open(const Script& script) {
  Course course;
  if (!script.one_transaction)
    for (const Statement& statement : script.statements) course.take(base::lower(statement.text));
  return course.open;
}

}  // namespace sql
