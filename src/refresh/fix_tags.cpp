#include "refresh/lookup.h"

namespace refresh {
namespace {

constexpr Field fields[] = {
    identifier("dbinstance", "Instance to tag.").as(":instance"),
    text("dbarn", "Its ARN; taken from the database itself.").taken_from_database(),
    identifier("cluster", "Cluster to tag.").as(":target").only_aurora(),
    text("cluarn", "Its ARN; taken from the database itself.").only_aurora().taken_from_database(),
};

/// An ARN that was written by hand must not name something else.
std::vector<Problem> rules(const Json& member) {
  std::vector<Problem> problems;
  for (const auto& [field, names] : {std::pair{"dbarn", "dbinstance"}, std::pair{"cluarn", "cluster"}}) {
    const std::string arn = member.value(field, ""), name = member.value(names, "");
    if (!arn.empty() && !arn.ends_with(":" + name))
      problems.push_back(
          {0, std::string(".") + field, "'" + arn + "' names something else than '" + name + "'"});
  }
  return problems;
}

provider::Tags wanted(StepContext& step) {
  provider::Tags tags = {{"refresh-instance", step.names().at("instance")}};
  if (kind_of(step) == provider::Kind::cluster) tags["refresh-cluster"] = step.names().at("target");
  return tags;
}

Work<Done> advance(StepContext& step) {
  std::vector<std::string> ids = {must_have_new(step).id};
  if (kind_of(step) == provider::Kind::cluster) ids.push_back(must_have_new_instance(step).id);
  return done_if_all(ids, [&](const std::string& id) {
    return step.databases.make_so(id, {.tags = wanted(step)}, step.budget);
  });
}

}  // namespace

extern constexpr Step fix_tags{
    .key = "fixtags",
    .states = {"fix-tags", "wait-tags", "check-status-tags", "outcome-tags"},
    .summary = "Set the tags refresh-instance and refresh-cluster to the final names.",
    .fields = fields,
    .checktodo = "checkfixtags",
    .stays = true,
    .rules = rules,
    .advance = advance,
};
static_assert(well_formed(fix_tags));

}  // namespace refresh
