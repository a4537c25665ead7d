#include <fmt/format.h>

#include "base/error.h"
#include "refresh/lookup.h"
#include "refresh/marks.h"

namespace refresh {
namespace {

base::Error failed(const std::string& why, const std::string& hint = "") {
  return {"VerifyFailed", why, hint};
}

/// Every database of the copy was masked, was said to be clean, or is gone.
void check_databases(StepContext& step, const provider::Database& copy) {
  const auto schemas = step.databases.schemas(copy.id, scripts_password(step));
  if (!schemas) throw failed(fmt::format("nobody can say which databases {} has", copy.name));
  for (const auto& name : *schemas) {
    if (name == copy.db_name && !step.facts.scripts->empty()) continue;
    const auto decided = step.facts.databases.find(name);
    if (decided == step.facts.databases.end())
      throw failed(fmt::format("nothing was said of database '{}' of the copy, and nothing masked it", name),
                   "say its scripts, 'clean' or 'drop' in runscripts.databases: also of one that a script "
                   "made, or that the snapshot has");
    if (decided->second.what == Decision::What::dropped)
      throw failed(fmt::format("database '{}' was to be dropped and is there", name));
  }
}

/// What must hold before anyone sees the new database. Every line is a reason to stop.
Work<Done> advance(StepContext& step) {
  const auto copy = must_have_new(step);
  if (!is_ready(copy)) return wait_for(copy.name + " to be ready");
  if (copy.open) throw failed(fmt::format("{} is open to users before its time", copy.name));
  if (step.facts.scripts) {
    if (!has_mark(copy, scripts_done_mark(step.run()))) throw failed("not every script has run");
    check_databases(step, copy);
  }
  if (step.facts.scripts) {
    const auto tagged = step.databases.make_so(copy.id, {.tags = {{"refresh-masked", "true"}}}, step.budget);
    if (std::holds_alternative<Pending>(tagged)) return done_if(tagged);
  }
  if (!step.databases.opens(copy.id, master_password(step)))
    throw failed(fmt::format("the new password does not open {}", copy.name));
  step.result["login"] = "works";
  step.result["closed"] = true;
  return Done{};
}

}  // namespace

extern constexpr Step verify{
    .key = "verify",
    .in_file = false,
    .states = {"verify"},
    .summary =
        "Check what must hold before anyone sees the new database: it is closed, every script has run, every "
        "database was masked, said to be clean or dropped, the password works.",
    .right = Right::sql,
    .advance = advance,
};
static_assert(well_formed(verify));

}  // namespace refresh
