#include <fmt/format.h>

#include "base/error.h"
#include "refresh/lookup.h"

namespace refresh {
namespace {

/// What must hold before anyone sees the new database. Every line is a reason to stop.
void start(StepContext& step) {
  const auto database = must_have_new(step);
  if (!is_ready(database))
    throw base::Error("VerifyFailed", fmt::format("{} is {}", database.name, database.status));
  if (database.open)
    throw base::Error("VerifyFailed", fmt::format("{} is open to users before its time", database.name));
  const Json& results = step.state.at("results");
  if (step.has_member("runscripts")) {
    const Json scripts = results.value("runscripts", Json::object()).value("scripts", Json::array());
    if (scripts.size() != step.state["members"]["runscripts"]["keys"].size())
      throw base::Error("VerifyFailed", "not every script has run");
    for (const Json& script : scripts)
      if (script.at("count") == 0)
        throw base::Error("VerifyFailed",
                          fmt::format("script {} ran no statement", script.at("script").dump()));
  }
  if (step.has_member("runscripts")) step.databases.add_tags(database.id, {{"refresh-masked", "true"}});
  if (const auto password = master_password(step)) {
    step.databases.login(database.id, *password)->query("SELECT 1");
    step.result["login"] = "works";
  }
  step.result["closed"] = true;
}

}  // namespace

extern constexpr Step verify{
    .key = "verify",
    .in_file = false,
    .states = {"verify"},
    .summary =
        "Check what must hold before anyone sees the new database: it is closed, every script has run, the "
        "password works.",
    .start = start,
};
static_assert(well_formed(verify));

}  // namespace refresh
