#include "refresh/plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "refresh/lookup.h"
#include "refresh/restore.h"
#include "sql/script.h"

namespace refresh {
namespace {

using provider::Database;

std::string tag(const Database& database, const char* name) {
  const auto found = database.tags.find(name);
  return found == database.tags.end() ? "" : found->second;
}

class Planner {
 public:
  Planner(const Json& names, const Json& members, provider::Services& services, std::string run)
      : names_(names),
        members_(members),
        services_(services),
        run_(std::move(run)),
        kind_(names.at("kind") == "cluster" ? provider::Kind::cluster : provider::Kind::instance) {}

  Plan run() {
    const auto source = find_source();
    const auto old = find_old();
    check_temporary(names_.at("temp"), kind_);
    if (kind_ == provider::Kind::cluster)
      check_temporary(names_.at("instance_temp"), provider::Kind::instance);
    if (source) check_world(*source, old);
    if (members_.contains("runscripts")) check_scripts(source);
    check_secrets();
    if (members_.contains("createreplicas")) check_replicas(old);
    return std::move(plan_);
  }

 private:
  void problem(std::string path, std::string message) {
    plan_.problems.push_back({0, std::move(path), std::move(message)});
  }
  bool is_cluster() const { return kind_ == provider::Kind::cluster; }
  std::string restore_path(const char* instance, const char* cluster) const {
    return fmt::format("$.restore.{}", is_cluster() ? cluster : instance);
  }

  std::optional<Database> find_source() {
    const std::string name = names_.at("source");
    auto source = services_.databases.find(kind_, name);
    if (!source) {
      problem(restore_path("source", "sourcecluster"),
              fmt::format("'{}': there is no such {}", name, to_string(kind_)));
      return source;
    }
    plan_.pins["source"] = source->id;
    const std::string engine = members_["restore"].value("engine", source->engine);
    if (provider::family_of(engine) != provider::family_of(source->engine))
      problem("$.restore.engine", fmt::format("says '{}', and {} is {}", engine, name, source->engine));
    if (source->arn.starts_with("arn:dbrefresh:") && provider::family_of(engine) == "mariadb")
      plan_.notes.push_back(
          fmt::format("{} is MariaDB {}; '{}' means that here", name, source->version, engine));
    return source;
  }

  /// The database that has the target's name now. It may be in the way, or not be ours to replace.
  std::optional<Database> find_old() {
    const std::string name = names_.at("target");
    auto old = services_.databases.find(kind_, name);
    if (!old || (!run_.empty() && tag(*old, "refresh-run") == run_))
      return std::nullopt;  // the second: this run's own, renamed already
    plan_.pins["old"] = old->id;
    plan_.old_status = old->status;
    plan_.pins["old_status"] = old->status;
    plan_.pins["old_members"] = old->members;
    plan_.pins["old_replicas"] = old->replicas;
    const std::string path = restore_path("target", "targetcluster");
    if (tag(*old, "refresh") != "true")
      problem(path,
              fmt::format("'{}' exists and does not carry the tag refresh=true: it is not ours to replace",
                          name));
    if (old->deletion_protection) problem(path, fmt::format("'{}' has deletion protection", name));
    for (const char* key : {"delete", "deletecluster"})
      if ((is_cluster() || key == std::string_view("delete")) && !members_.contains(key))
        problem(fmt::format("$.{}.torun", key),
                fmt::format("is not true, and '{}' exists: its name could not be given to the new database",
                            name));
    if (!old->replicas.empty() && !members_.contains("deletereplicas"))
      problem("$.deletereplicas.torun",
              fmt::format("is not true, and '{}' has {} read replicas", name, old->replicas.size()));
    check_set_aside(name);
    return old;
  }

  void check_set_aside(const std::string& name) {
    if (provider::StatusClass::transient == provider::classify(plan_.old_status))
      problem(restore_path("target", "targetcluster"),
              fmt::format("'{}' is {}; wait until that is over", name, plan_.old_status));
  }

  void check_temporary(const std::string& name, provider::Kind kind) {
    const auto found = services_.databases.find(kind, name);
    if (!found || (!run_.empty() && tag(*found, "refresh-run") == run_)) return;
    const std::string made_by = tag(*found, "refresh-run");
    problem(restore_path("target", "targetcluster"),
            fmt::format("the temporary {} '{}' exists already{}", to_string(kind), name,
                        made_by.empty() ? "" : ", made by run " + made_by));
  }

  /// Their names are to be free, or those of what is to go.
  void check_replicas(const std::optional<Database>& old) {
    auto goes = [&](const std::string& id) {
      return old && (std::ranges::count(old->members, id) > 0 || std::ranges::count(old->replicas, id) > 0);
    };
    for (const auto& each : members_["createreplicas"].at("replicas").get<std::vector<std::string>>()) {
      const auto name = base::lower(each.substr(0, each.find('_')));
      const auto found = services_.databases.find(provider::Kind::instance, name);
      if (found && !goes(found->id) && (run_.empty() || tag(*found, "refresh-run") != run_))
        problem("$.createreplicas.replicas",
                fmt::format("'{}' exists, and is no replica of what is replaced", name));
    }
  }

  void check_world(const Database& source, const std::optional<Database>& old) {
    const auto request = restore_request(names_, members_["restore"], source.id);
    for (auto& each : services_.databases.check(request, old ? old->id : "", members_))
      plan_.problems.push_back(std::move(each));
  }

  void check_scripts(const std::optional<Database>& source) {
    const Json& scripts = members_["runscripts"];
    const std::string engine = scripts.at("engine");
    if (source && provider::family_of(engine) != provider::family_of(source->engine))
      problem("$.runscripts.engine",
              fmt::format("says '{}', and the source is {}: its scripts cannot run there", engine,
                          source->engine));
    for (const auto& key : scripts.at("keys").get<std::vector<std::string>>()) {
      try {
        const auto script = sql::parse_script(
            services_.scripts.read(scripts.at("bucketname"),
                                   fmt::format("{}/{}", scripts.at("prefix").get<std::string>(), key)),
            provider::family_of(engine));
        if (script.statements.empty())
          problem("$.runscripts.keys", fmt::format("'{}' has no statement", key));
      } catch (const base::Error& error) {
        problem("$.runscripts.keys", fmt::format("'{}': {}", key, to_string(error)));
      }
    }
  }

  void check_secrets() {
    const std::string written =
        members_.contains("createsecret") ? members_["createsecret"].at("secretname").get<std::string>()
        : members_.contains("changemasterpwd") && members_["changemasterpwd"].value("secret", false)
            ? members_["changemasterpwd"].at("secretname").get<std::string>()
            : "";
    auto needs = [&](const char* key, bool needed) {
      if (!members_.contains(key) || !needed) return;
      const std::string name = members_[key].value("secretname", "");
      if (name != written && !services_.secrets.get(name, provider::SecretStore::Stage::current))
        problem(fmt::format("$.{}.secretname", key),
                fmt::format("'{}': there is no such secret, and no step of this file writes it", name));
    };
    needs("runscripts", members_.value("runscripts", Json::object()).value("access", "") == "secret");
    needs("rotatemasterpwd", true);
  }

  const Json& names_;
  const Json& members_;
  provider::Services& services_;
  std::string run_;
  provider::Kind kind_;
  Plan plan_;
};

}  // namespace

bool Plan::ok() const {
  return std::ranges::all_of(problems, &Problem::warning);
}

Plan make_plan(const Json& names, const Json& members, provider::Services& services, const std::string& run) {
  return Planner(names, members, services, run).run();
}

}  // namespace refresh
