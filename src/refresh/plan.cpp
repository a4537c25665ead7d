#include "refresh/plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "refresh/workflow.h"

namespace refresh {
namespace {

/// What the host says to what it will be asked for.
void ask_host(Planning& planning) {
  if (!planning.source) return;
  using About = provider::Objection::About;
  planning.intent.restore.replaces = planning.old ? planning.old->id : "";
  for (const auto& each : planning.services.databases.check(planning.intent)) {
    // Of a source that nothing is copied from nothing is asked but that it is there.
    if (planning.retry &&
        (each.about == About::source || each.about == About::snapshot || each.about == About::time))
      continue;
    if (each.weight == provider::Objection::Weight::note) {
      planning.plan.notes.push_back(each.message);
      continue;
    }
    std::string path = planning.paths.contains(each.about) ? planning.paths.at(each.about) : "$";
    if (each.about == About::shape && planning.shape_paths.contains(each.field))
      path = planning.shape_paths.at(each.field);
    const bool warning = each.weight == provider::Objection::Weight::warning;
    // The same may be wrong for the new database and for the old one.
    const bool told = std::ranges::any_of(planning.plan.problems, [&](const Problem& other) {
      return other.path == path && other.message == each.message;
    });
    if (!told) planning.problem_at(path, each.message, warning);
  }
}

}  // namespace

bool Plan::ok() const {
  return std::ranges::all_of(problems, &Problem::warning);
}

void Planning::must_be_free(const std::string& temporary, provider::Kind wanted) {
  const auto found = services.databases.find(wanted, temporary);
  if (!found || is_ours(*found)) return;
  const std::string made_by = tag_of(*found, "refresh-run");
  problem_at(target_path(), fmt::format("the temporary {} '{}' exists already{}", to_string(wanted),
                                        temporary, made_by.empty() ? "" : ", made by run " + made_by));
}

void Planning::must_have_secret(std::string_view field) {
  const std::string name = member->value(field, "");
  if (name == facts.published_secret) return;
  try {
    if (!services.secrets.has(name))
      problem(field, fmt::format("'{}': there is no such secret, and no step of this file writes it", name));
  } catch (const base::Error& error) {  // it may not be read, or is to be deleted
    if (error.retryable) throw;
    problem(field, to_string(error));
  }
}

void Planning::tell_if_made(std::string_view field) {
  const std::string name = member->value(field, "");
  try {
    if (!services.secrets.has(name))
      plan.notes.push_back(fmt::format("there is no secret '{}': it will be made", name));
  } catch (const base::Error& error) {  // whoever may not read it is told so elsewhere
    if (error.retryable) throw;
  }
}

void Planning::must_be_changeable(std::string_view field) {
  const std::string name = member->value(field, "");
  if (const auto why = services.secrets.objection_to_change(name)) problem(field, *why);
}

void tell_what_stays(Planning& plan) {
  if (!plan.old) return;
  if (plan.is_cluster())
    return plan.problem("torun",
                        "is not true, and the old cluster exists: one that is replaced does not stay");
  plan.warning("torun",
               fmt::format("is not true: '{0}' stays, closed to users, as '{0}-old-…' (the end of the "
                           "run's id), and nothing deletes it",
                           plan.old->name));
}

Plan make_plan(const Json& names, const Json& members, provider::Services& services, const std::string& run,
               const std::optional<Retry>& retry) {
  const Facts facts = facts_of(members);
  Planning planning{.names = names, .facts = facts, .services = services, .run = run, .retry = retry};
  for (const Step* step : sequence()) {
    if (step->plan == nullptr) continue;
    planning.key = step->key;
    const auto member = members.find(step->key);
    planning.member = member == members.end() ? nullptr : &*member;
    step->plan(planning);
  }
  ask_host(planning);
  return std::move(planning.plan);
}

}  // namespace refresh
