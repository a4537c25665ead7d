#include "refresh/assertions.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "sql/connection.h"

namespace refresh {
namespace {

bool is_true(const sql::Result& answer) {
  constexpr std::string_view words[] = {"1", "t", "true"};
  return answer.rows == 1 && answer.table.size() == 1 && answer.table[0].size() == 1 && answer.table[0][0] &&
         std::ranges::find(words, *answer.table[0][0]) != std::end(words);
}

sql::Result ask(sql::Connection& session, const std::string& which, const std::string& statement) {
  try {
    session.execute("START TRANSACTION READ ONLY", 0);
    auto answer = session.execute(statement, 2);
    session.execute("ROLLBACK", 0);
    return answer;
  } catch (const base::Error& error) {
    base::Error located = error;
    located.message = fmt::format("{} failed: {}", which, error.message);
    throw located;
  }
}

void check(sql::Connection& session, const std::string& which, const std::string& statement) {
  if (!is_true(ask(session, which, statement)))
    throw base::Error("AssertionFailed", which + " does not hold",
                      "it must answer with one row of one column that is true, as SELECT count(*) = 0 FROM … "
                      "does; its answer is not shown");
}

}  // namespace

void check_assertions(StepContext& step, const provider::Database& copy, const base::Secret& password) {
  std::size_t held = 0;
  for (const auto& [name, statements] : step.facts.assertions) {
    const auto session =
        step.databases.script_session(copy.id, password, name == copy.db_name ? std::string() : name);
    session->obey(&step.budget);
    for (std::size_t i = 0; i < statements.size(); ++i, ++held) {
      const auto which = fmt::format("assertion {} of database '{}'", i + 1, name);
      step.budget.tell({which});
      check(*session, which, statements[i]);
    }
    session->obey(nullptr);
  }
  if (held > 0) step.result["assertions"] = held;
}

}  // namespace refresh
