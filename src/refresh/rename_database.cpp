#include "refresh/rename.h"

#include <fmt/format.h>

#include <tuple>

#include "base/text.h"

namespace refresh {
namespace {

constexpr Field fields[] = {
    identifier("dbinstance", "The temporary name; the final one is without the ending 'temp'.")
        .as(":instance temp"),
    identifier("dbinstance_newname", "The final name, in files whose temporary name has no such ending.")
        .as(":new name")
        .optional(),
};

Json expected_check(const Json& member) {
  return final_name_check(member, "dbinstance");
}

void read(Reading& reading) {
  Names& names = reading.names;
  if (!reading.cluster) {
    read_target(reading, "dbinstance");
    names.instance = names.target;
    names.instance_temp = names.temp;
    return;
  }
  std::tie(names.instance_temp, names.instance) = read_rename(reading, "dbinstance");
  const auto made = reading.said.find("instance");
  if (made == reading.said.end()) return;
  const std::string name = made->second.value;
  if (names.instance_temp != name && names.instance_temp != name + "temp")
    reading.problems.push_back(
        {0, made->second.path,
         fmt::format("says '{}', and {} renames '{}'", name, reading.key, names.instance_temp)});
}

Work<Done> advance(StepContext& step) {
  return take_name(step, must_have_new_instance(step), step.names().at("instance"));
}

/// RDS renames nothing that has ended in a terminal status, and nobody is served by it: its name is free
/// when it is gone.
bool is_broken(const provider::Database& ours) {
  return provider::classify(ours.status) == provider::StatusClass::failed;
}

/// Of a rename that was asked for nothing shows at first, and it comes all the same: by then somebody else is
/// to have the name again. Nothing is renamed while it is made, or goes.
bool may_be_renamed(const provider::Database& ours, const std::string& before) {
  return ours.name == before && ours.status != "creating" && ours.status != "deleting" && !is_broken(ours);
}

Work<Done> undo(StepContext& step) {
  if (kind_of(step) == provider::Kind::instance) return give_name_back(step);
  const std::string before = step.names().at("instance_temp");
  for (const auto& made : step.databases.made(provider::Kind::instance)) {
    const bool has_name = made.name == step.names().at("instance");
    if (has_name && is_broken(made)) return step.databases.remove(made.id, step.budget);
    if (has_name || may_be_renamed(made, before))
      return done_if(step.databases.make_so(made.id, {.name = before}, step.budget));
  }
  return Done{};
}

}  // namespace

std::pair<std::string, std::string> read_rename(const Reading& reading, const std::string& field) {
  auto name_of = [&](const std::string& each) { return base::lower(reading.member.value(each, "")); };
  const std::string from = name_of(field), to = name_of(field + "_newname");
  if (!to.empty()) return {from, to};
  if (from.ends_with("temp") && from.size() > 4) return {from, from.substr(0, from.size() - 4)};
  reading.problem(field, fmt::format("'{}' does not end in 'temp', and there is no {}_newname", from, field));
  return {from, from};
}

void read_target(Reading& reading, const std::string& field) {
  Names& names = reading.names;
  std::tie(names.temp, names.target) = read_rename(reading, field);
  const auto said = reading.said.find("target");
  if (said == reading.said.end()) return;
  const std::string asked = said->second.value;
  auto wrong = [&](std::string message) {
    reading.problems.push_back({0, said->second.path, std::move(message)});
  };
  if (names.temp != asked && names.temp != asked + "temp")
    wrong(fmt::format("says '{}', and {} renames '{}'", asked, reading.key, names.temp));
  if (names.source == names.target)
    wrong(fmt::format("'{}' is the source: a refresh never writes to its source", names.target));
  if (names.source == names.temp)
    wrong(fmt::format("'{}' would have the source's name for a temporary one", names.temp));
  if (names.temp == names.target)
    reading.problems.push_back(
        {0, "$." + reading.key, fmt::format("renames '{}' to its own name", names.temp)});
  if (!fits_set_aside(names.target))
    wrong(
        fmt::format("'{}' has {} characters, and {} at most are possible: the old database is set aside as "
                    "<name>-old-<run>, in 63",
                    names.target, names.target.size(), longest_target));
}

/// It is restarted to let users in: whoever dies just then leaves no server, and nobody else would start it.
/// A cluster's instance runs where that does.
Work<Done> take_name(StepContext& step, const provider::Database& ours, const std::string& name) {
  step.result = {{"id", ours.id}, {"name", name}};
  provider::Desired wanted{.name = name};
  if (ours.kind == kind_of(step)) wanted.running = true;
  const auto named = step.databases.make_so(ours.id, wanted, step.budget);
  if (std::holds_alternative<Pending>(named)) return done_if(named);
  if (!ours.open && !step.databases.opens(must_have_new(step).id, master_password(step)))
    return wait_for("the password to open " + name);
  if (ours.kind == kind_of(step)) {
    const auto opened = step.databases.make_so(ours.id, {.open = true}, step.budget);
    if (std::holds_alternative<Pending>(opened)) return done_if(opened);
  }
  const auto serves = step.databases.find(ours.kind, name);
  if (!serves || serves->id != ours.id || !is_ready(*serves) || !serves->open)
    return wait_for(fmt::format("{} to serve as {}", ours.id, name));
  return Done{};
}

Json final_name_check(const Json& member, const std::string& field) {
  const auto given = member.find(field + "_newname");
  if (given != member.end()) return {{field, *given}};
  const std::string name = member.at(field);
  return {{field, name.size() > 4 ? name.substr(0, name.size() - 4) : name}};
}

Work<Done> give_name_back(StepContext& step) {
  const auto ours = new_database(step);
  if (!ours) return Done{};
  provider::Desired wanted{.name = step.names().at("temp")};
  if (ours->name != step.names().at("target"))
    return may_be_renamed(*ours, *wanted.name)
               ? done_if(step.databases.make_so(ours->id, wanted, step.budget))
               : Done{};
  if (is_broken(*ours)) return remove_whole(step, *ours);
  wanted.open = false;
  wanted.running = true;  // RDS renames nothing that is stopped
  return done_if(step.databases.make_so(ours->id, wanted, step.budget));
}

extern constexpr Step rename_database{
    .key = "rename",
    .states = {"rename-database", "wait-rename", "check-status-rename", "outcome-rename"},
    .summary = "Give the new instance its final name; proven by its resource id and a login.",
    .fields = fields,
    .checktodo = "checkrename",
    .presence = {Need::required, Need::required, "without it the new database would never get its name"},
    .makes_names = true,
    .right = Right::sql,
    .deadline_minutes = 120,
    .expected_check = expected_check,
    .read = read,
    .advance = advance,
    .undo = undo,
};
static_assert(well_formed(rename_database));

}  // namespace refresh
