#include "sql/script.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "sql/psql.h"
#include "sql/resumption.h"

namespace sql {
namespace {

using base::Error;

constexpr std::string_view statement_words[] = {
    "alter",   "analyze",  "begin",  "call",     "check",     "commit",  "create", "deallocate",
    "delete",  "do",       "drop",   "execute",  "explain",   "flush",   "grant",  "handler",
    "insert",  "kill",     "load",   "lock",     "optimize",  "prepare", "rename", "repair",
    "replace", "reset",    "revoke", "rollback", "savepoint", "select",  "set",    "show",
    "start",   "truncate", "unlock", "update",   "use",       "values",  "with",   "xa"};

/// Commands of the mariadb client that take a file, a shell or a terminal; `\` commands but for \g.
constexpr std::string_view client_words[] = {"source", "system",  "tee",     "notee",  "pager",  "nopager",
                                             "edit",   "connect", "charset", "prompt", "rehash", "status"};

/// Reads a client script from left to right.
class ClientReader {
 public:
  explicit ClientReader(std::string_view text) : text_(text) {}

  std::vector<Statement> run() {
    while (at_ < text_.size()) {
      if (blank_so_far() && delimiter_command()) continue;
      if (text_.substr(at_, delimiter_.size()) == delimiter_) {
        terminated = true;
        advance(delimiter_.size());
        flush();
      } else if (!skip_comment() && !take_quoted()) {
        take(1);
      }
    }
    flush();
    return std::move(statements_);
  }

  bool terminated = false;     ///< some statement ended in a delimiter
  bool had_delimiter = false;  ///< there was a DELIMITER command

 private:
  void advance(std::size_t count) {
    for (; count > 0; --count)
      if (text_[at_++] == '\n') ++line_;
  }
  void take(std::size_t count) {
    count = std::min(count, text_.size() - at_);
    if (blank_so_far() && base::trim(text_.substr(at_, count)).empty()) return advance(count);
    if (current_.empty()) begun_ = line_;
    current_ += text_.substr(at_, count);
    advance(count);
  }
  bool blank_so_far() const { return current_.empty(); }
  std::string_view rest() const { return text_.substr(at_); }
  std::string_view rest_of_line() const { return rest().substr(0, rest().find('\n')); }
  bool line_begins() const {
    const auto before = text_.substr(0, at_);
    const auto newline = before.rfind('\n');
    return base::trim(before.substr(newline == std::string_view::npos ? 0 : newline + 1)).empty();
  }

  void flush() {
    const auto text = base::trim(current_);
    if (!text.empty()) {
      refuse_client_command(text);
      statements_.push_back({begun_, std::string(text)});
    }
    current_.clear();
  }

  void refuse_client_command(std::string_view text) const {
    const auto word = base::lower(first_word(text));
    const bool named = std::ranges::find(client_words, word) != std::end(client_words) &&
                       text.find('(') == std::string_view::npos;
    if (!named && text[0] != '\\') return;
    throw Error("ScriptError",
                fmt::format("line {}: '{}' is a command of the mariadb client, not a statement", begun_,
                            named ? word : std::string(text.substr(0, 2))),
                "take it out, or write what it does as SQL");
  }

  bool delimiter_command() {
    const auto line = rest_of_line();
    if (!line_begins() || base::lower(first_word(line)) != "delimiter") return false;
    const auto wanted = base::trim(line.substr(9));
    const auto word = wanted.substr(0, wanted.find_first_of(" \t"));
    if (word.empty() || word.find('\\') != std::string_view::npos)
      throw Error("ScriptError",
                  fmt::format("line {}: DELIMITER needs a delimiter without a backslash", line_));
    delimiter_ = word;
    had_delimiter = true;
    advance(line.size());
    return true;
  }

  /// `--` with a blank behind it, `#`, and `/* */`; but `/*! */` and `/*M! */` are code.
  bool skip_comment() {
    const auto here = rest();
    if (here[0] == '#' ||
        (here.starts_with("--") && (here.size() == 2 || std::isspace(static_cast<unsigned char>(here[2])) ||
                                    std::iscntrl(static_cast<unsigned char>(here[2]))))) {
      advance(rest_of_line().size());
      return true;
    }
    if (!here.starts_with("/*") || here.starts_with("/*!") || here.starts_with("/*M!")) return false;
    const auto end = here.find("*/", 2);
    if (end == std::string_view::npos)
      throw Error("ScriptError", fmt::format("line {}: a /* comment is never closed", line_));
    if (here.starts_with("/*+"))
      take(end + 2);  // a hint is the server's to read
    else
      advance(end + 2);
    if (!blank_so_far()) current_ += ' ';
    return true;
  }

  bool take_quoted() {
    const auto here = rest();
    const char quote = here[0];
    if (quote != '\'' && quote != '"' && quote != '`') return false;
    std::size_t size = 1;
    for (; size < here.size() && here[size] != quote; ++size)
      if (here[size] == '\\' && quote != '`') ++size;
    if (size >= here.size())
      throw Error("ScriptError", fmt::format("line {}: a {} quote is never closed", line_, quote));
    take(size + 1);
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
  int begun_ = 1;
  std::string delimiter_ = ";";
  std::string current_;
  std::vector<Statement> statements_;
};

/// The statements of a script in the form `lines`; nothing if some line does not begin like a statement.
std::optional<std::vector<Statement>> read_lines(std::string_view text) {
  std::vector<Statement> statements;
  int number = 0;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto line = base::trim(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    ++number;
    if (line.empty() || line[0] == '#' || line.starts_with("-- ")) continue;
    if (std::ranges::find(statement_words, base::lower(first_word(line))) == std::end(statement_words))
      return std::nullopt;
    statements.push_back({number, std::string(line)});
  }
  return statements;
}

/// A script is UTF-8 and has no NUL byte, where a server would end a statement. Throws ScriptError.
void check_characters(std::string_view text) {
  constexpr const char* advice = "save it as UTF-8; a dump with binary data takes mariadb-dump --hex-blob";
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF"))
    throw Error("ScriptError", "line 1, byte 1: the file is UTF-16", advice);
  int line = 1;
  std::size_t line_begin = 0;
  for (std::size_t at = 0, size = 0; at < text.size(); at += size) {
    size = base::utf8_character(text.substr(at));
    if (size == 0 || text[at] == '\0')
      throw Error(
          "ScriptError",
          fmt::format("line {}, byte {}: {}", line, at - line_begin + 1,
                      size == 0 ? fmt::format("0x{:02X} is not UTF-8", static_cast<unsigned char>(text[at]))
                                : std::string("a NUL byte")),
          advice);
    if (text[at] != '\n') continue;
    ++line;
    line_begin = at + 1;
  }
}

/// The statements of a script, told where it is while one runs.
class ScriptRun {
 public:
  ScriptRun(Connection& connection, const std::string& name, const Script& script, const base::Budget& budget)
      : connection_(connection),
        name_(name),
        script_(script),
        budget_{budget.clock, budget.until, budget.stop,
                [this, &budget](const base::Note& note) { tell(budget, note); }} {
    connection_.obey(&budget_);
  }
  ScriptRun(const ScriptRun&) = delete;
  ScriptRun& operator=(const ScriptRun&) = delete;
  ~ScriptRun() { connection_.obey(nullptr); }

  void run(const std::function<void(const StatementDone&)>& done, int before) {
    if (script_.one_transaction) connection_.execute("BEGIN", 0);
    for (const Statement& statement : script_.statements) {
      if (++number_ <= before && !sets_session(statement)) continue;
      const auto begun = budget_.clock.now();
      const auto rows = run_one(statement);
      if (number_ <= before) continue;
      done({number_, statement.line, rows, std::chrono::duration<double>(budget_.clock.now() - begun).count(),
            !connection_.in_transaction()});
    }
    if (script_.one_transaction) connection_.execute("COMMIT", 0);
    if (connection_.in_transaction())
      throw Error(
          "SqlError",
          fmt::format("{} ends within a transaction: what it did since that began would be lost", name_),
          "end it with COMMIT");
  }

 private:
  std::uint64_t run_one(const Statement& statement) {
    try {
      return (statement.data ? connection_.copy_in(statement.text, *statement.data)
                             : connection_.execute(statement.text, 0))
          .rows;
    } catch (const Error& error) {
      Error located = error;
      located.message = fmt::format("{}:{}: statement {} of {} failed: {}", name_, statement.line, number_,
                                    script_.statements.size(), error.message);
      if (script_.one_transaction)
        say("ROLLBACK");  // a session that cannot do it takes its transaction along
      else if (error.code == "SqlError" && !left_nothing(statement))
        located.code = sql_error_in_part;
      throw located;
    }
  }

  /// Of a statement that was refused. In MariaDB it may have committed those before it all the same (ALTER,
  /// CREATE, …), or rolled them back (a deadlock): the answer to the next one tells.
  bool left_nothing(const Statement& statement) {
    if (!is_whole_or_nothing(statement)) return false;
    if (!connection_.in_transaction()) return true;
    return is_refused_or_done(say("SELECT 1")) && connection_.in_transaction();
  }

  /// PostgreSQL takes nothing more in a transaction that has failed.
  static bool is_refused_or_done(const std::string& code) { return code.empty() || code == "SqlError"; }

  /// The code of its error, or "". Although the budget may be spent.
  std::string say(const char* statement) {
    base::SystemClock clock;
    const base::Budget brief{clock, clock.now() + std::chrono::seconds(1), {}, {}};
    connection_.obey(&brief);
    std::string code;
    try {
      connection_.execute(statement, 0);
    } catch (const Error& error) {
      code = error.code;
    }
    connection_.obey(&budget_);
    return code;
  }

  void tell(const base::Budget& budget, const base::Note& note) const {
    if (budget.tell)
      budget.tell(
          {fmt::format("{}: statement {} of {}: {}", name_, number_, script_.statements.size(), note.what),
           note.done, note.total});
  }

  Connection& connection_;
  const std::string& name_;
  const Script& script_;
  int number_ = 0;
  base::Budget budget_;
};

}  // namespace

std::string_view first_word(std::string_view text) {
  std::size_t size = 0;
  while (size < text.size() && (std::isalnum(static_cast<unsigned char>(text[size])) || text[size] == '_'))
    ++size;
  return text.substr(0, size);
}

std::string_view to_string(Form form) {
  return form == Form::lines ? "one statement a line" : "client script";
}

Script parse_script(std::string_view text, std::string_view family) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  check_characters(text);
  if (family == "postgres") return parse_psql(text, read_lines(text));
  ClientReader reader(text);
  auto statements = reader.run();
  if (!reader.terminated && !reader.had_delimiter)
    if (auto lines = read_lines(text)) return {Form::lines, *std::move(lines)};
  return {Form::client, std::move(statements)};
}

void run_script(Connection& connection, const std::string& name, const Script& script,
                const base::Budget& budget, const std::function<void(const StatementDone&)>& done,
                int before) {
  ScriptRun(connection, name, script, budget).run(done, before);
}

}  // namespace sql
