#include "sql/resumption.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/text.h"

namespace sql {
namespace {

/// They change what is stored, or begin and end transactions, which by then have ended.
constexpr std::string_view of_tables[] = {
    "alter",  "analyze", "begin",  "cluster",  "comment",   "commit",   "copy",     "create",  "delete",
    "drop",   "end",     "grant",  "insert",   "merge",     "optimize", "refresh",  "reindex", "release",
    "rename", "replace", "revoke", "rollback", "savepoint", "start",    "truncate", "update",  "vacuum"};
constexpr std::string_view of_session[] = {"reset", "set", "use"};
/// What a session knows of its statement before.
constexpr std::string_view of_memory[] = {"last_insert_id", "row_count", "found_rows", "currval", "lastval"};

bool is_one_of(std::string_view word, std::span<const std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

/// In lower case, without what stands in quotes.
std::string bare(std::string_view text) {
  std::string out;
  char quote = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (quote == 0 && (text[at] == '\'' || text[at] == '"' || text[at] == '`'))
      quote = text[at];
    else if (quote != 0 && text[at] == '\\')
      ++at;
    else if (quote != 0 && text[at] == quote)
      quote = 0;
    else if (quote == 0)
      out += text[at];
  }
  return base::lower(out);
}

bool has_variable(std::string_view text) {
  for (std::size_t at = text.find('@'); at != std::string_view::npos; at = text.find('@', at + 1)) {
    if (at > 0 && text[at - 1] == '@') continue;
    if (at + 1 < text.size() &&
        (std::isalnum(static_cast<unsigned char>(text[at + 1])) || text[at + 1] == '_'))
      return true;
  }
  return false;
}

bool makes_temporary(std::string_view text) {
  return text.find("temporary") != std::string_view::npos || text.find(" temp ") != std::string_view::npos;
}

bool remembers(std::string_view text) {
  return has_variable(text) || std::ranges::any_of(of_memory, [&](std::string_view each) {
           return text.find(each) != std::string_view::npos;
         });
}

}  // namespace

bool sets_session(const Statement& statement) {
  const std::string text = bare(statement.text);
  return is_one_of(first_word(text), of_session) && text.find('(') == std::string::npos &&
         !has_variable(text);
}

std::string why_not_after(const Script& script, int done) {
  if (script.one_transaction && done > 0) return "it is one transaction";
  int number = 0;
  for (const Statement& statement : script.statements) {
    const std::string text = bare(statement.text);
    const bool has_run = ++number <= done;
    const bool plain =
        is_one_of(first_word(text), of_tables) && !makes_temporary(text) && !has_variable(text);
    if (has_run && !plain && !sets_session(statement))
      return fmt::format("statement {} (line {}) may have left something in its session", number,
                         statement.line);
    if (!has_run && done > 0 && remembers(text))
      return fmt::format("statement {} (line {}) asks for what a statement before it left in its session",
                         number, statement.line);
  }
  return "";
}

}  // namespace sql
