// SQL scripts: taken apart into statements, and run. docs/scripts.md is the user's page.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sql/connection.h"

namespace sql {

struct Statement {
  int line = 0;  ///< where it begins, from 1
  std::string text;
  std::optional<std::string> data;  ///< the lines after a COPY … FROM STDIN
};

/// The two forms of scripts. `lines` is that of the original orchestrator: a statement a line, no semicolons,
/// `#` at the start of a line is a comment. `client` is what the mariadb client, or psql, takes.
enum class Form { client, lines };
std::string_view to_string(Form form);

struct Script {
  Form form = Form::client;
  std::vector<Statement> statements;
  /// Run as one transaction: PostgreSQL, unless the script begins and ends its own or holds a statement that
  /// cannot run in one.
  bool one_transaction = false;
};

/// The word that a text begins with, of letters, digits and underscores; "" if none does.
std::string_view first_word(std::string_view text);

/// Takes a script apart. The rule for the form: it is `lines` if no semicolon stands outside of quotes and
/// comments, there is no DELIMITER line, and every line that is neither blank nor a comment begins with a
/// word that begins a statement; otherwise it is `client`. Throws ScriptError with the line of a quote or
/// comment that is never closed, or of a client command (`source`, `\!`, …) that only a client could run;
/// with line and byte of what is not UTF-8. `family` is that of sql::Endpoint.
Script parse_script(std::string_view text, std::string_view family);

struct StatementDone {
  int number = 0;  ///< from 1
  int line = 0;
  std::uint64_t rows = 0;
  double seconds = 0;
  bool kept = false;  ///< what it and those before it did stays, whatever becomes of the session
};

/// The code of an Error in the place of SqlError: the statement was refused, and nobody knows what it, or the
/// transaction that it was in, has left.
inline constexpr const char* sql_error_in_part = "SqlErrorInPart";

/// Runs a script's statements one by one in one session, which is to be the script's own: what it sets (the
/// search path, variables, temporary tables) is for nobody else. `done` hears of each; while one runs, the
/// budget is told where the script is. Throws SqlError and the like, with `name` and the line before what
/// the server says; what ran before stays, unless it is one transaction. SqlError too if it ends with a
/// transaction open, which its session would take along. The budget ends it as
/// Connection::obey() says, before a statement or in it. The first `before` statements have run already, in
/// another session: of these only what sets the session runs (resumption.h).
void run_script(Connection& connection, const std::string& name, const Script& script,
                const base::Budget& budget, const std::function<void(const StatementDone&)>& done,
                int before = 0);

}  // namespace sql
