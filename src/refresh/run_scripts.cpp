#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "refresh/assertions.h"
#include "refresh/lookup.h"
#include "refresh/marks.h"
#include "refresh/plan.h"
#include "refresh/retry.h"
#include "refresh/script_run.h"
#include "sql/open_end.h"

namespace refresh {
namespace {

constexpr Field fields[] = {
    choice("engine", engine_choices, "Engine that the scripts are written for.")
        .as("engine")
        .or_inherited()
        .also_if_skipped(),
    identifier("dbinstance", "Instance to run them on.").as(":instance").only_rds(),
    identifier("cluster", "Cluster to run them on.").as(":target").only_aurora(),
    choice("access", "pwd|secret", "Where the password comes from.").as(":access"),
    text("temppwd",
         "The master password; without changemasterpwd, which makes it a random one, it is not used.")
        .as(":password")
        .or_inherited()
        .when("access", "pwd")
        .kept_secret(),
    text("secretname", "Secret that holds the master password.")
        .as("master.secret.name")
        .when("access", "secret"),
    choice("method", "lambda|ec2",
           "Run them in the task itself, or on AWS through the EC2 instance with the tag Name=DbRestore.")
        .as("aws.scripts_on", "\"lambda\""),
    text("bucketname", "Bucket of the scripts.").as(":bucket"),
    text("prefix", "Folder of the scripts in the bucket.").as(":prefix"),
    list("keys", "Scripts for the initial database, names with commas between; they run in this order.")
        .as(":scripts"),
    decisions("databases",
              "What becomes of each other database of the copy, by its name: scripts, names with commas "
              "between; `clean` if it needs none; `drop` to leave it out.")
        .as(":databases")
        .optional(),
    statements("assert",
               "What must hold in each database once the scripts have run, by its name: statements that "
               "answer with one true value. They may only read.")
        .as("assert")
        .optional(),
};

std::vector<Problem> rules(const Json& member) {
  const std::string engine = member.value("engine", "");
  // A short file says of each database by its name what becomes of it.
  if (base::split_list(member["keys"].get<std::string>()).empty() && !member.contains("databases"))
    return {{0, ".keys", "has no script: what would mask the initial database?"}};
  if (engine != "oracle" && engine != "sqlserver") return {};
  return {{0, ".engine",
           fmt::format("'{}': its scripts cannot be run; the MySQL family and PostgreSQL can", engine)}};
}

void read(Reading& reading) {
  const auto& member = reading.member;
  const auto password = reading.said.find("password"), secret = reading.said.find("secret");
  if (member.at("access") == "pwd") warn_of_unused_password(reading);
  if (member.at("access") == "pwd" && password != reading.said.end() &&
      password->second.value != member.value("temppwd", Json()))
    reading.problem("temppwd", fmt::format("is not the password that {} sets", password->second.key));
  if (member.at("access") == "secret" && secret != reading.said.end() &&
      secret->second.value != member.at("secretname"))
    reading.problem("secretname",
                    fmt::format("says {}, and {} writes {}", member["secretname"].dump(), secret->second.key,
                                secret->second.value.dump()),
                    true);
}

void tell(const Json& member, Facts& facts) {
  facts.scripts = member.at("keys").get<std::vector<std::string>>();
  const Json decisions = member.value("databases", Json::object());
  for (const auto& [name, what] : decisions.items()) {
    if (what == "clean")
      facts.databases[name] = {Decision::What::clean, {}};
    else if (what == "drop")
      facts.databases[name] = {Decision::What::dropped, {}};
    else
      facts.databases[name] = {Decision::What::masked, what.get<std::vector<std::string>>()};
  }
  const Json assertions = member.value("assert", Json::object());
  for (const auto& [name, said] : assertions.items()) facts.assertions[name] = said;
  if (member.at("access") == "secret") facts.scripts_secret = member.at("secretname");
  facts.scripts_elsewhere = member.at("method") == "ec2";
}

void check_script(Planning& plan, const std::string& field, const std::string& key) {
  const Json& member = *plan.member;
  try {
    const auto family = scripts_family(member, plan.source ? plan.source->engine : "");
    const auto script = sql::parse_script(text_of(plan.services, member, key), family);
    if (script.statements.empty()) plan.problem(field, fmt::format("'{}' has no statement", key));
    // Where the scripts run here, the server is asked when one has ended.
    if (plan.facts.scripts_elsewhere && sql::may_end_open(script))
      plan.problem(
          field, fmt::format("'{}' ends within a transaction, which would be lost: end it with COMMIT", key));
  } catch (const base::Error& error) {
    plan.problem(field, fmt::format("'{}': {}", key, to_string(error)));
  }
}

/// Nothing where the source cannot be looked into now; why it cannot is for the host to say.
std::optional<std::vector<std::string>> schemas_of(Planning& plan) {
  try {
    return plan.services.databases.schemas(plan.source->id, std::nullopt);
  } catch (const base::Error& error) {
    plan.plan.notes.push_back(
        fmt::format("which databases '{}' has is looked at on its copy, before it is opened: {}",
                    plan.source->name, error.message));
    return std::nullopt;
  }
}

/// Every database of the source is accounted for; that the copy has no other, verify looks at.
void check_databases(Planning& plan) {
  const auto& decided = plan.facts.databases;
  const std::string& initial = plan.source->db_name;
  const bool by_name = plan.facts.scripts->empty();
  const auto of_initial = initial.empty() ? decided.end() : decided.find(initial);
  if (of_initial != decided.end() && !by_name)
    plan.problem("databases", fmt::format("'{}' is the initial database: its scripts are the keys", initial));
  else if (of_initial != decided.end() && of_initial->second.what == Decision::What::dropped)
    plan.problem("databases",
                 fmt::format("'{}' is the initial database, which cannot be dropped: give its scripts, or "
                             "'clean'",
                             initial));
  for (const auto& [name, said] : plan.facts.assertions) {
    const auto kept = decided.find(name);
    if (name != initial && (kept == decided.end() || kept->second.what == Decision::What::dropped))
      plan.problem("assert", fmt::format("'{}' is no database that the copy will have", name));
  }
  const auto schemas = schemas_of(plan);
  if (!schemas) return;
  for (const auto& name : *schemas)
    if ((by_name || name != initial) && !decided.contains(name))
      plan.problem("databases",
                   fmt::format("nothing is said of '{}', which '{}' has too: give its scripts, 'clean' or "
                               "'drop'",
                               name, plan.source->name));
  for (const auto& [name, decision] : decided)
    if (std::ranges::find(*schemas, name) == schemas->end())
      plan.warning("databases",
                   fmt::format("'{}': there is no such database in '{}' now", name, plan.source->name));
}

/// Another host has no password but from a secret that it may read.
void check_elsewhere(Planning& plan) {
  if (!plan.facts.scripts_elsewhere || plan.services.script_host == nullptr) return;
  if (plan.facts.scripts_secret.empty())
    plan.problem("access",
                 "is 'pwd', and the host of method 'ec2' is told no password: say 'secret', and the secret "
                 "that changemasterpwd or createsecret writes");
  else if (plan.facts.master_password.empty() && plan.facts.scripts_secret != plan.facts.published_secret)
    plan.problem("secretname",
                 fmt::format("'{}': the run makes the master's password up, and it is not written there: "
                             "have changemasterpwd or createsecret write it",
                             plan.facts.scripts_secret));
}

/// What had run on a kept copy does not run again: whoever has changed it must know.
void check_headway(Planning& plan) {
  if (plan.facts.scripts_elsewhere)
    return plan.problem("method",
                        "another host ran the scripts of the kept copy: how far they came nobody knows");
  const auto family = scripts_family(*plan.member, plan.source ? plan.source->engine : "");
  const auto objection = objection_to(plan.retry->scripts, units(plan.facts), [&](const Unit& unit) {
    return sql::parse_script(text_of(plan.services, *plan.member, unit.script), family);
  });
  if (!objection.empty())
    plan.problem("keys", objection + fmt::format("; retry --from {} runs all scripts again", plan.key));
}

void plan(Planning& plan) {
  plan.paths[provider::Objection::About::scripts] = plan.path("method");
  if (plan.member == nullptr) return;
  const std::string engine = plan.member->value("engine", plan.source ? plan.source->engine : "");
  plan.intent.scripts_method = plan.member->at("method");
  if (plan.source && provider::family_of(engine) != provider::family_of(plan.source->engine))
    plan.problem("engine", fmt::format("says '{}', and the source is {}: its scripts cannot run there",
                                       engine, plan.source->engine));
  for (const auto& unit : units(plan.facts))
    if (!unit.script.empty()) check_script(plan, unit.schema.empty() ? "keys" : "databases", unit.script);
  if (plan.member->at("access") == "secret") plan.must_have_secret("secretname");
  check_elsewhere(plan);
  if (plan.source) check_databases(plan);
  if (plan.retry && plan.plan.ok()) check_headway(plan);
}

/// What another run had done on this copy; nothing if it made none of it, or the copy is another one by now.
Headway begun_with(const StepContext& step) {
  const auto retry = retry_of(step.state);
  return retry && told(step, "copies") == 1 ? retry->scripts : Headway{};
}

/// The units from `at` on; false if some are left. None is begun once a tenth of the budget is spent: the
/// next call gives it a whole one, and a script that is cut short costs the run.
bool run_slice(StepContext& step, const std::vector<Unit>& all, std::size_t at, const std::string& id,
               const base::Secret& password, std::unique_ptr<sql::Connection> session) {
  const auto now = step.budget.clock.now();
  const auto enough = now + (step.budget.until - now) / 10;
  const Headway begun = begun_with(step);
  for (const std::size_t first = at; at < all.size(); ++at) {
    step.result["units"] = at;
    if (at > first && step.budget.clock.now() >= enough) return false;
    const Unit& unit = all[at];
    if (unit.script.empty()) {
      const auto work = step.databases.drop_schema(id, unit.schema, password, step.budget);
      if (std::holds_alternative<Pending>(work)) return false;
      step.result["digest"] = digest_after(step.result.value("digest", ""), unit, nullptr, 0);
      continue;
    }
    const Headway before = at == begun.units ? begun : Headway{at, 0, step.result.value("digest", "")};
    run_unit(step, id, password, unit, before, std::move(session));
    session.reset();
  }
  step.result["units"] = at;
  return true;
}

/// Does the copy's mark say what the state of the run knows?
bool fits(StepContext& step, const provider::Database& copy) {
  return has_mark(copy, scripts_mark(step.run(), step.result.value("slices", std::int64_t{0})));
}

void begin(StepContext& step, const std::vector<Unit>& all) {
  const Headway begun = begun_with(step);
  auto digest = digest_of(all, begun.units, [&](const Unit& unit) { return script_of(step, unit); });
  if (begun.statements == 0 && digest != begun.digest)
    throw scripts_changed("a script that had run is not as it was");
  step.result["digest"] = std::move(digest);
  step.result["units"] = begun.units;
  step.result["scripts"] = Json::array();
}

/// Under the lock: a slice, or the end of a copy whose mark does not fit. A session for each script; the
/// first one is there before the mark is raised, so that a server that does not answer costs no copy.
Work<Done> take_turn(StepContext& step) {
  const auto copy = new_database(step);
  if (copy && has_mark(*copy, scripts_done_mark(step.run()))) return Done{};
  if (!copy || !fits(step, *copy)) return throw_away(step, copy);
  const auto slices = step.result.value("slices", std::int64_t{0});
  const auto all = units(step.facts);
  if (!step.result.contains("scripts")) begin(step, all);
  const auto at = step.result.value("units", std::size_t{0});
  const auto password = scripts_password(step);
  std::unique_ptr<sql::Connection> session;
  if (at < all.size() && !all[at].script.empty())
    session = step.databases.script_session(copy->id, password, all[at].schema);
  const auto mark = [&](const provider::Tags& tags) {
    return done_if(step.databases.make_so(copy->id, {.tags = tags}, step.budget));
  };
  auto begun = scripts_mark(step.run(), slices + 1);
  begun.merge(no_headway_tag(step.run()));
  if (const auto raised = mark(begun); std::holds_alternative<Pending>(raised)) return raised;
  const bool through = run_slice(step, all, at, copy->id, password, std::move(session));
  step.result["slices"] = slices + 1;
  if (!through) return wait_for("the next slice of scripts");
  const Headway all_ran{all.size(), 0, step.result.value("digest", "")};
  try {
    check_assertions(step, *copy, password);
  } catch (const base::Error&) {
    leave_headway(step, copy->id, all_ran);  // another script may mend what they have found
    throw;
  }
  const auto forgotten = step.databases.forget_past(copy->id, password, step.budget);
  if (std::holds_alternative<Pending>(forgotten)) return forgotten;
  auto tags = scripts_done_mark(step.run());
  tags.merge(headway_tag(step.run(), all_ran));
  return mark(tags);
}

/// See marks.h. Whoever has the lock is alone with the copy. Nobody is at work on one that does not answer:
/// where its mark does not fit it goes, and no lock is needed.
Work<Done> advance(StepContext& step) {
  if (step.facts.scripts_elsewhere) return run_scripts_elsewhere(step);
  const auto copy = new_database(step);
  if (copy && has_mark(*copy, scripts_done_mark(step.run()))) return Done{};
  if (!copy || copy->status == "deleting") return throw_away(step, copy);
  if (fits(step, *copy) && !is_ready(*copy)) return wait_for(copy->name + " to be ready");
  std::unique_ptr<sql::Connection> lock;
  try {
    lock = lock_scripts(step, copy->id);
    if (!lock) return wait_for("another call, which runs the scripts");
  } catch (const base::Error& error) {
    if (fits(step, *copy) || error.code == "Interrupted") throw;
  }
  return take_turn(step);
}

Work<Done> undo(StepContext& step) {
  if (step.facts.scripts_elsewhere && step.services.script_host != nullptr) call_scripts_off(step);
  return Done{};
}

}  // namespace

extern constexpr Step run_scripts{
    .key = "runscripts",
    .states = {"run-scripts-mysql", "wait-run-scripts", "check-run-scripts", "outcome-run-scripts"},
    .summary = "Run SQL scripts on the new database, while nobody else can reach it.",
    .fields = fields,
    .checktodo = "runscripts",
    .asked_by = "mask",
    .choice_state = "engine-choice",
    .heavy = true,
    .right = Right::sql,
    .restores_again_on = scripts_interrupted,
    .deadline_minutes = 24 * 60,
    .rules = rules,
    .read = read,
    .tell = tell,
    .plan = plan,
    .advance = advance,
    .undo = undo,
};
static_assert(well_formed(run_scripts));

}  // namespace refresh
