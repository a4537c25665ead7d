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
/// They do what they do as a whole, or not at all.
constexpr std::string_view of_reading[] = {"deallocate", "explain", "lock",   "prepare", "select",
                                           "show",       "unlock",  "values", "with"};
/// What a session knows of its statement before.
constexpr std::string_view of_memory[] = {"last_insert_id", "@@identity", "row_count", "found_rows",
                                          "currval",        "lastval",    "previous"};

bool is_one_of(std::string_view word, std::span<const std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

constexpr char quoted = '\'';

bool in_a_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

/// In lower case, with a mark for each text or name in quotes.
std::string bare(std::string_view text) {
  std::string out;
  char quote = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (quote == 0 && (text[at] == '\'' || text[at] == '"' || text[at] == '`'))
      quote = text[at];
    else if (quote != 0 && text[at] == '\\')
      ++at;
    else if (quote != 0 && text[at] == quote) {
      quote = 0;
      out += quoted;
    } else if (quote == 0)
      out += text[at];
  }
  return base::lower(out);
}

/// `@name`, in quotes too (which stand as one mark each in `text`); but `@@setting`, and an account `x@'%'`.
bool has_variable(std::string_view text) {
  for (std::size_t at = text.find('@'); at != std::string_view::npos; at = text.find('@', at + 1)) {
    if (at + 1 == text.size()) break;
    if (text[at + 1] == '@') {
      ++at;
      continue;
    }
    if (in_a_word(text[at + 1]) || text[at + 1] == '.' || text[at + 1] == '$') return true;
    if (text[at + 1] == quoted && (at == 0 || (!in_a_word(text[at - 1]) && text[at - 1] != quoted)))
      return true;
  }
  return false;
}

bool has_word(std::string_view text, std::string_view word) {
  for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const auto end = at + word.size();
    if ((at == 0 || !in_a_word(text[at - 1])) && (end == text.size() || !in_a_word(text[end]))) return true;
  }
  return false;
}

bool makes_temporary(std::string_view text) {
  return has_word(text, "temporary") || has_word(text, "temp") || has_word(text, "pg_temp");
}

/// What only sessions to come go by: the one that goes on would be one of them.
bool is_for_new_sessions(std::string_view text) {
  if (has_word(text, "global") || has_word(text, "persist")) return true;
  return first_word(text) == "alter" && has_word(text, "set") &&
         (has_word(text, "role") || has_word(text, "user") || has_word(text, "database") ||
          has_word(text, "system"));
}

/// `BEGIN NOT ATOMIC … END`: anything may be in it. A comment that is still there may hide something.
bool is_opaque(std::string_view text) {
  return text.find("/*") != std::string_view::npos ||
         (first_word(text) == "begin" && has_word(text, "not") && has_word(text, "end"));
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
         !has_variable(text) && !has_word(text, "statement") && !is_for_new_sessions(text) &&
         !is_opaque(text);
}

bool is_whole_or_nothing(const Statement& statement) {
  const std::string text = bare(statement.text);
  const auto word = first_word(text);
  return !is_opaque(text) && !has_word(text, "statement") &&
         (is_one_of(word, of_tables) || is_one_of(word, of_session) || is_one_of(word, of_reading));
}

std::string why_not_after(const Script& script, int done) {
  if (script.one_transaction && done > 0) return "it is one transaction";
  int number = 0;
  bool has_set = false;  // since the last transaction ended well
  for (const Statement& statement : script.statements) {
    const std::string text = bare(statement.text);
    const auto word = first_word(text);
    const bool has_run = ++number <= done;
    const auto not_after = [&](const char* why) {
      return fmt::format("statement {} (line {}) {}", number, statement.line, why);
    };
    const bool plain = is_one_of(word, of_tables) && !makes_temporary(text) && !has_variable(text) &&
                       !is_for_new_sessions(text) && !is_opaque(text);
    if (has_run && !plain && !sets_session(statement))
      return not_after("may have left something in its session");
    if (has_run && word == "rollback" && has_set)
      return not_after("may have undone what its session was set to");
    has_set = sets_session(statement) || (has_set && word != "commit" && word != "end");
    if (!has_run && done > 0 && remembers(text))
      return not_after("asks for what a statement before it left in its session");
  }
  return "";
}

}  // namespace sql
