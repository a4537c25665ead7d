#include "refresh/script_run.h"

#include <fmt/format.h>

#include "refresh/lookup.h"

namespace refresh {
namespace {

constexpr std::size_t most_statements_listed = 200;  ///< of all scripts: they are in the state of the run

/// Statement number, line, rows and duration; never text or data.
Json record(const sql::StatementDone& done) {
  return {{"number", done.number},
          {"line", done.line},
          {"rows", done.rows},
          {"ms", static_cast<std::int64_t>(done.seconds * 1000)}};
}

std::size_t listed(const Json& result) {
  std::size_t count = 0;
  for (const Json& script : result["scripts"]) count += script.at("statements").size();
  return count;
}

class ScriptRun {
 public:
  ScriptRun(StepContext& step, const std::string& copy, const Unit& unit, const Headway& before)
      : step_(step), copy_(copy), unit_(unit), before_(before), kept_(before.statements) {}

  void run(const base::Secret& password, std::unique_ptr<sql::Connection> session) {
    try {
      if (!session) session = step_.databases.script_session(copy_, password, unit_.schema);
      step_.result["encrypted"] = session->encrypted();
      script_ = script_of(step_, unit_);
      must_be_as_it_was();
      running_ = true;
      run_statements(*session);
    } catch (const base::Error& error) {
      // A statement that the server refused did nothing; of any other one nobody knows what it did. (It may
      // have another code: sql_error_in_part.)
      if (!running_ || error.code == "SqlError") leave_headway(step_, copy_, headway());
      throw;
    }
    step_.result["digest"] = digest_of(script_.statements.size());
  }

 private:
  std::string digest_of(std::size_t statements) const {
    return digest_after(step_.result.value("digest", ""), unit_, &script_, statements);
  }

  /// The plan has seen that nobody changed it; somebody may have since.
  void must_be_as_it_was() const {
    const auto skipped = before_.statements;
    if (skipped > 0 && (skipped > script_.statements.size() || digest_of(skipped) != before_.digest))
      throw scripts_changed(fmt::format("'{}' is not as it was, up to statement {}", unit_.script, skipped));
  }

  /// Counts and times are kept for each script, statements for the first few: results are part of the run's
  /// state, which is bounded.
  void run_statements(sql::Connection& session) {
    Json statements = Json::array();
    const std::size_t before = listed(step_.result);
    std::uint64_t rows = 0;
    double seconds = 0;
    const auto hear = [&](const sql::StatementDone& done) {
      if (done.kept) kept_ = static_cast<std::size_t>(done.number);
      rows += done.rows;
      seconds += done.seconds;
      if (before + statements.size() < most_statements_listed) statements.push_back(record(done));
      step_.budget.tell(
          {fmt::format("{}: statement {} of {}", unit_.script, done.number, script_.statements.size())});
    };
    sql::run_script(session, unit_.script, script_, step_.budget, hear, static_cast<int>(before_.statements));
    if (Json* result = add_script_result(step_, unit_))
      result->update({{"form", to_string(script_.form)},
                      {"count", script_.statements.size()},
                      {"rows", rows},
                      {"ms", static_cast<std::int64_t>(seconds * 1000)},
                      {"statements", std::move(statements)}});
  }

  Headway headway() const {
    return kept_ > before_.statements ? Headway{before_.units, kept_, digest_of(kept_)} : before_;
  }

  StepContext& step_;
  const std::string& copy_;
  const Unit& unit_;
  const Headway& before_;
  std::size_t kept_;  ///< statements whose effect stays
  sql::Script script_;
  bool running_ = false;
};

}  // namespace

void leave_headway(StepContext& step, const std::string& copy, const Headway& headway) {
  try {
    step.databases.make_so(copy, {.tags = headway_tag(step.run(), headway)}, step.budget);
  } catch (const base::Error&) {
  }
}

void run_unit(StepContext& step, const std::string& copy, const base::Secret& password, const Unit& unit,
              const Headway& before, std::unique_ptr<sql::Connection> session) {
  ScriptRun(step, copy, unit, before).run(password, std::move(session));
}

sql::Script script_of(StepContext& step, const Unit& unit) {
  return sql::parse_script(text_of(step.services, step.input, unit.script),
                           scripts_family(step.input, must_have_new(step).engine));
}

base::Error scripts_changed(const std::string& what) {
  return {"ScriptsChanged", what,
          "what had run on the kept copy is not run again: change what comes after it"};
}

}  // namespace refresh
