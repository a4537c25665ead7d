#include "runs/iam_policy.h"

#include <fmt/format.h>

#include "base/error.h"
#include "provider/aws/permissions.h"
#include "refresh/lookup.h"
#include "refresh/workflow.h"
#include "runs/amazon_world.h"
#include "runs/plan.h"

namespace runs {
namespace {

using base::Json;
using provider::aws::Grant;

refresh::RefreshFile must_be_valid(const std::string& path, base::Time now) {
  auto planned = read_refresh_file(path, now);
  if (!planned.ok())
    throw base::Error("BadInput", fmt::format("{} is no valid refresh file", path), "dbrefresh validate");
  return std::move(planned.file);
}

std::string said(const Json& member, const char* field) {
  const auto found = member.find(field);
  return found != member.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// What members say under the names that all of them use.
void add_member(const Json& member, Grant& grant) {
  if (const auto secret = said(member, "secretname"); !secret.empty()) grant.secrets.insert(secret);
  if (const auto table = said(member, "tablename"); !table.empty()) grant.tables.insert(table);
  if (const auto topic = said(member, "topicarn"); !topic.empty()) grant.topics.insert(topic);
  if (const auto bucket = said(member, "bucketname");
      !bucket.empty() && bucket != provider::ScriptStore::files)
    grant.buckets.insert(bucket + "/" + said(member, "prefix"));
  for (const Json& each : member.value("replicas", Json::array())) {
    const auto replica = each.get<std::string>();  // name_class_port
    grant.databases.insert(replica.substr(0, replica.find('_')));
  }
  for (const Json& each : member)
    if (each.is_string() && each.get<std::string>().find(":role/") != std::string::npos)
      grant.roles.insert(each.get<std::string>());
}

/// Instances and replicas of what is replaced are set aside, and go, with it.
void add_parts(World& world, const refresh::Names& names, Grant& grant) {
  auto& databases = world.services().databases;
  const auto old = databases.find(names.kind, names.target);
  if (!old) return;
  for (const auto& ids : {old->members, old->replicas})
    for (const auto& id : ids)
      if (const auto part = databases.get(id)) grant.databases.insert(part->name);
}

/// What ARNs of the source's account begin with; "" where that is ours.
std::string elsewhere(World& world, const refresh::Names& names) {
  if (!world.whereabouts().contains("sourceRole")) return "";
  const auto found = world.services().databases.find_source(names.kind, names.source);
  if (!found)
    throw base::Error("BadInput",
                      fmt::format("there is no {} '{}' in the account of --source-role",
                                  to_string(names.kind), names.source),
                      "dbrefresh plan says more");
  const auto name = found->arn.rfind(':');
  return found->arn.substr(0, found->arn.rfind(':', name - 1) + 1);
}

void add_file(World& world, const refresh::RefreshFile& file, Grant& grant) {
  const auto& names = file.names;
  const bool cluster = names.kind == provider::Kind::cluster;
  const auto facts = refresh::facts_of(file.members);
  for (const auto& name : {names.target, names.temp, names.instance, names.instance_temp})
    if (!name.empty()) grant.databases.insert(name);
  add_parts(world, names, grant);
  const auto there = elsewhere(world, names);
  const auto source = [&](const std::string& kind, const std::string& name) {
    if (!name.empty()) grant.sources.insert(name.starts_with("arn:") ? name : there + kind + name);
  };
  source(cluster ? "cluster:" : "db:", names.source);
  source(cluster ? "cluster-snapshot:" : "snapshot:", facts.snapshot);
  if (const auto shown = refresh::shown_secret_name(facts, to_json(names)); !shown.empty())
    grant.secrets.insert(shown);
  if (facts.rotation) grant.functions.insert(facts.rotation->function);
  grant.script_host = grant.script_host || facts.scripts_elsewhere;
  for (const Json& member : file.members)
    if (member.is_object()) add_member(member, grant);
}

}  // namespace

Json policy_of(AmazonWorld& world, const std::vector<refresh::RefreshFile>& files) {
  const auto place = world.place();
  Grant grant{.partition = world.partition(),
              .region = place.substr(place.find('/') + 1),
              .account = place.substr(0, place.find('/')),
              .databases = {},
              .sources = {},
              .secrets = {},
              .tables = {},
              .topics = {},
              .buckets = {},
              .roles = {}};
  if (const auto role = world.whereabouts().value("sourceRole", ""); !role.empty()) grant.taken.insert(role);
  for (const auto& file : files) add_file(world, file, grant);
  if (grant.tables.empty()) grant.tables.insert(provider::usual_ledger);
  return provider::aws::policy(grant);
}

Json iam_policy(const std::string& root, const Json& whereabouts, const std::vector<std::string>& paths) {
  const auto world = open_amazon_world(root, whereabouts, provider::local::Opening::to_look);
  std::vector<refresh::RefreshFile> files;
  for (const auto& path : paths) files.push_back(must_be_valid(path, world->clock.now()));
  return policy_of(*world, files);
}

}  // namespace runs
