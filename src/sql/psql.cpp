#include "sql/psql.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace sql {
namespace {

using base::Error;

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

/// Reads a script from left to right, by the rules of psql (PostgreSQL 15 manual, 4.1 and the psql page):
/// a semicolon ends a statement outside of quotes, comments, brackets and BEGIN ATOMIC bodies.
class PsqlReader {
 public:
  explicit PsqlReader(std::string_view text) : text_(text) {}

  std::vector<Statement> run() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == ';' && brackets_ <= 0 && atomic_ == 0) {
        terminated = true;
        advance(1);
        flush(true);
      } else if (c == '\\') {
        if (!skip_restriction()) refuse_command();
      } else if (!skip_comment() && !take_quoted() && !take_word()) {
        if (c == '(') ++brackets_;
        if (c == ')' && brackets_ > 0) --brackets_;
        take(1);
      }
    }
    flush(false);
    return std::move(statements_);
  }

  bool terminated = false;  ///< some statement ended in a semicolon

 private:
  std::string_view rest() const { return text_.substr(at_); }
  void advance(std::size_t count) {
    for (; count > 0 && at_ < text_.size(); --count)
      if (text_[at_++] == '\n') ++line_;
  }
  void take(std::size_t count) {
    const auto piece = text_.substr(at_, count);
    if (current_.empty() && base::trim(piece).empty()) return advance(count);
    if (current_.empty()) begun_ = line_;
    current_ += piece;
    advance(count);
  }
  [[noreturn]] void never_closed(std::string_view what) const {
    throw Error("ScriptError", fmt::format("line {}: {} is never closed", line_, what));
  }

  void flush(bool ended) {
    const auto text = base::trim(current_);
    if (!text.empty()) statements_.push_back({begun_, std::string(text), {}});
    if (!text.empty() && takes_data()) {
      if (!ended) never_closed("a COPY … FROM STDIN");
      statements_.back().data = copy_data();
    }
    current_.clear();
    words_.clear();
    brackets_ = atomic_ = 0;
  }

  /// psql knows COPY … FROM STDIN by the server's answer; here by its words.
  bool takes_data() const {
    if (words_.empty() || words_[0] != "copy") return false;
    for (std::size_t i = 1; i + 1 < words_.size(); ++i)
      if (words_[i] == "from" && words_[i + 1] == "stdin") return true;
    return false;
  }

  /// The lines after the one that the semicolon is on, up to `\.` alone on a line.
  std::string copy_data() {
    const auto end_of_line = rest().find('\n');
    if (!base::trim(rest().substr(0, end_of_line)).empty())
      throw Error("ScriptError",
                  fmt::format("line {}: the data of a COPY begins on the line after it", line_));
    advance(end_of_line == std::string_view::npos ? rest().size() : end_of_line + 1);
    std::string data;
    while (at_ < text_.size()) {
      const auto newline = rest().find('\n');
      const auto size = newline == std::string_view::npos ? rest().size() : newline + 1;
      const auto line = rest().substr(0, size);
      advance(size);
      if (line == "\\.\n" || line == "\\.\r\n" || line == "\\.") return data;
      data += line;
    }
    never_closed("the data of a COPY: there is no line '\\.'; it");
  }

  /// `\restrict` and `\unrestrict` with their key, that pg_dump 15.14 and newer put around a dump: between
  /// them psql takes no other command, and here none is taken anywhere.
  bool skip_restriction() {
    const auto line = rest().substr(0, rest().find('\n'));
    const auto words = base::split_list(line, ' ');
    if (!current_.empty() || words.size() != 2 || (words[0] != "\\restrict" && words[0] != "\\unrestrict"))
      return false;
    advance(line.size());
    return true;
  }

  [[noreturn]] void refuse_command() const {
    const auto here = rest();
    const auto word = here.substr(0, std::max<std::size_t>(2, here.find_first_of(" \t\r\n;")));
    throw Error("ScriptError",
                fmt::format("line {}: '{}' is a command of psql, not a statement", line_,
                            std::string(word.substr(0, 40))),
                "take it out, or write what it does as SQL");
  }

  /// `--` to the end of the line, and `/* */`, which nest.
  bool skip_comment() {
    const auto here = rest();
    if (here.starts_with("--")) {
      advance(std::min(here.find('\n'), here.size()));
      return true;
    }
    if (!here.starts_with("/*")) return false;
    std::size_t size = 2;
    for (int depth = 1; depth > 0;) {
      if (size >= here.size()) never_closed("a /* comment");
      const auto two = here.substr(size, 2);
      depth += two == "/*" ? 1 : two == "*/" ? -1 : 0;
      size += two == "/*" || two == "*/" ? 2 : 1;
    }
    if (!current_.empty())  // its lines stay, so that the server's count of lines is the file's
      current_ +=
          ' ' + std::string(static_cast<std::size_t>(std::ranges::count(here.substr(0, size), '\n')), '\n');
    advance(size);
    return true;
  }

  bool take_quoted() {
    const char c = text_[at_];
    if (c == '\'') return take_to('\'', after_escape_prefix());
    if (c == '"') return take_to('"', false);
    return c == '$' && take_dollar_quoted();
  }

  /// `E'…'`: a backslash takes the next character with it. In all others it is an ordinary character
  /// (standard_conforming_strings is on since 9.1).
  bool after_escape_prefix() const {
    const auto size = current_.size();
    return size > 0 && (current_[size - 1] == 'e' || current_[size - 1] == 'E') &&
           (size == 1 || !is_word(current_[size - 2])) && text_[at_ - 1] == current_[size - 1];
  }

  bool take_to(char quote, bool escapes) {
    const auto here = rest();
    std::size_t size = 1;
    for (;; ++size) {
      if (size >= here.size()) never_closed(fmt::format("a {} quote", quote));
      if (escapes && here[size] == '\\') {
        ++size;
      } else if (here[size] == quote) {
        if (here.substr(size + 1, 1) != std::string_view(&quote, 1)) break;
        ++size;  // a doubled quote is one character of the text
      }
    }
    take(size + 1);
    return true;
  }

  bool take_dollar_quoted() {
    const auto here = rest();
    std::size_t size = 1;
    while (size < here.size() && is_word(here[size])) ++size;
    const bool number = size > 1 && std::isdigit(static_cast<unsigned char>(here[1])) != 0;
    if (size >= here.size() || here[size] != '$' || number) return false;  // $1 is a parameter
    const auto tag = here.substr(0, size + 1);
    const auto end = here.find(tag, tag.size());
    if (end == std::string_view::npos) never_closed(fmt::format("a {} quote", tag));
    take(end + tag.size());
    return true;
  }

  /// Words are taken whole, so that neither `a$b$` nor a keyword inside an identifier is mistaken.
  bool take_word() {
    const auto here = rest();
    std::size_t size = 0;
    while (size < here.size() && (is_word(here[size]) || (size > 0 && here[size] == '$'))) ++size;
    if (size == 0) return false;
    const std::string word = base::lower(here.substr(0, size));
    if (here.substr(size, 1) == "'" && size == 1 && word == "e") {
      take(1);
      return true;
    }
    if (word == "atomic" && !words_.empty() && words_.back() == "begin" && words_[0] == "create") ++atomic_;
    if (atomic_ > 0 && word == "case") ++atomic_;
    if (atomic_ > 0 && word == "end") --atomic_;
    words_.push_back(word);
    take(size);
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
  int begun_ = 1;
  int brackets_ = 0;
  int atomic_ = 0;  ///< depth of BEGIN ATOMIC and the CASEs in it
  std::string current_;
  std::vector<std::string> words_;  ///< of the statement so far, lower case
  std::vector<Statement> statements_;
};

constexpr std::string_view transaction_words[] = {"begin",    "start",     "commit",  "end",
                                                  "rollback", "savepoint", "release", "abort",
                                                  "prepare",  "vacuum",    "reindex", "checkpoint"};

/// Statements that end a transaction or cannot run in one (PostgreSQL manual, their pages).
bool stands_alone(const std::string& text) {
  std::string begin = base::lower(text.substr(0, 200));
  std::ranges::replace_if(
      begin, [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }, ' ');
  const auto words = base::split_list(begin, ' ');
  auto has = [&](const char* word) { return std::ranges::find(words, word) != words.end(); };
  const std::string first = words.empty() ? "" : words[0];
  if (std::ranges::find(transaction_words, first) != std::end(transaction_words)) return true;
  if (has("concurrently")) return true;
  if (first == "alter") return has("system") || has("subscription");
  if (first == "create" || first == "drop")
    return has("database") || has("tablespace") || has("subscription");
  return first == "cluster" || first == "call" || first == "do";
}

}  // namespace

Script parse_psql(std::string_view text, std::optional<std::vector<Statement>> lines) {
  Script script;
  if (lines && text.find(';') == std::string_view::npos) {
    script = {Form::lines, *std::move(lines)};
    for (const auto& each : script.statements)  // what could not be run is refused in either form
      PsqlReader(std::string(static_cast<std::size_t>(each.line - 1), '\n') + each.text).run();
  } else {
    script.statements = PsqlReader(text).run();
  }
  script.one_transaction =
      std::ranges::none_of(script.statements, [](const Statement& each) { return stands_alone(each.text); });
  return script;
}

}  // namespace sql
