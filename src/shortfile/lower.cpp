#include "shortfile/lower.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "provider/provider.h"
#include "refresh/workflow.h"

namespace shortfile {
namespace {

using base::Json;

/// nullptr where the file says nothing of it.
const Json* find(const Json& value, std::string_view path) {
  const Json* at = &value;
  for (const auto& name : base::split_list(path, '.')) {
    const auto found = at->is_object() ? at->find(name) : at->end();
    if (found == at->end()) return nullptr;
    at = &*found;
  }
  return at;
}

/// Where scripts are, and what they are called there.
struct Place {
  std::string bucket, key;
};

constexpr std::string_view s3 = "s3://";

class Lowering {
 public:
  Lowering(const Json& checked, std::string folder, std::string password)
      : file_(checked), folder_(std::move(folder)), password_(std::move(password)) {}

  Lowered run() && {
    work_out_names();
    work_out_source();
    work_out_passwords();
    work_out_scripts();
    work_out_replicas();
    // A topic of that name would be told, and nobody get a mail.
    if (const auto topic = text("notify.topic"); topic.find('@') != std::string::npos)
      problem("$.notify.topic", fmt::format("'{0}' is an address: say notify: {{to: [{0}]}}", topic));
    out("deletes", !said("old.keep"), "old.keep");
    work_out_recipients();
    for (const refresh::Step* step : refresh::sequence())
      if (step->in_file && is_asked(*step)) add(*step);
    override_members();
    return std::move(lowered_);
  }

 private:
  // ---- what is worked out of the whole: each value by its name, and where it came from

  void out(const std::string& name, Json value, std::string from) {
    worked_out_[":" + name] = {std::move(value), std::move(from)};
  }
  bool said(std::string_view path) const { return find(file_, path) != nullptr; }
  bool is(std::string_view path, bool otherwise) const {
    const Json* value = find(file_, path);
    return value == nullptr ? otherwise : value->get<bool>();
  }
  std::string text(std::string_view path, std::string otherwise = {}) const {
    const Json* value = find(file_, path);
    return value == nullptr ? std::move(otherwise) : value->get<std::string>();
  }
  void problem(std::string path, std::string message) {
    lowered_.problems.push_back({0, std::move(path), std::move(message)});
  }

  void work_out_names() {
    cluster_ = text("kind") == "cluster";
    const auto target = text("refresh");
    const auto instance = cluster_ ? text("writer", target + "-1") : target;
    if (!cluster_ && said("writer")) problem("$.writer", "is of clusters: say kind: cluster");
    out("target", target, "refresh");
    out("target temp", target + "temp", "refresh");
    out("instance", instance, cluster_ ? "writer" : "refresh");
    out("instance temp", instance + "temp", cluster_ ? "writer" : "refresh");
  }

  void work_out_source() {
    const Json* at = find(file_, "from.at");
    std::string type = text("from.copy") == "clone" ? "fastcloning" : "latestpoint";
    if (at != nullptr && at->is_object()) {
      if (type == "fastcloning") problem("$.from.copy", "a clone is of the latest state: say no from.at");
      const bool snapshot = at->contains("snapshot");
      type = snapshot ? "fromsnapshot" : "restorepoint";
      out(snapshot ? "snapshot" : "restoretime", at->at(snapshot ? "snapshot" : "time"), "from.at");
    }
    out("restoretype", type, type == "fastcloning" ? "from.copy" : "from.at");
  }

  void work_out_passwords() {
    const Json* way = find(file_, "master.password");
    const bool given = way != nullptr && way->is_object();
    const bool says = given && !way->contains("secret");
    if (given && !says) {
      if (said("master.secret")) problem("$.master.secret", "master.password names the secret already");
      secret_ = way->at("secret");
    } else {
      secret_ = text("master.secret.name");
    }
    const bool create = is("master.secret.create", true);
    if (!create && !says)
      problem("$.master.secret.create", "is false, and master.password is made up: give one by file or env");
    if (says) out("password", password_, "master.password");
    out("says password", says, "master.password");
    out("writes secret", !secret_.empty() && !create, "master.secret");
    out("makes secret", !secret_.empty() && create, "master.secret");
    out("rotates", said("master.secret.rotate_days"), "master.secret.rotate_days");
    if (said("master.secret.rotate_days") != said("master.secret.rotate_function"))
      problem("$.master.secret", "rotate_days and rotate_function go together");
    const bool elsewhere = text("aws.scripts_on") == "ec2";
    out("access", elsewhere ? "secret" : "pwd", "aws.scripts_on");
  }

  // ---- scripts: all from one bucket, or all from files below one folder

  Place place_of(const std::string& script) const {
    if (!script.starts_with(s3))
      return {std::string(provider::ScriptStore::files),
              (std::filesystem::path(folder_) / script).lexically_normal().string()};
    const auto rest = script.substr(s3.size());
    const auto slash = rest.find('/');
    return {rest.substr(0, slash), slash == std::string::npos ? "" : rest.substr(slash + 1)};
  }
  /// The folder that all of them are below, by whole names.
  static std::string common_folder(const std::vector<Place>& places) {
    std::string common = places.empty() ? "" : places[0].key.substr(0, places[0].key.rfind('/') + 1);
    for (const Place& each : places)
      while (!each.key.starts_with(common))
        common = common.substr(0, common.rfind('/', common.size() - 2) + 1);
    return common;
  }

  void work_out_scripts() {
    const Json* mask = find(file_, "mask");
    if (mask == nullptr && said("assert")) problem("$.assert", "is of what scripts leave: mask says nothing");
    if (mask == nullptr) return;
    std::vector<Place> places;
    const auto note = [&](const Json& scripts) {
      for (const Json& each : scripts) places.push_back(place_of(each.get<std::string>()));
    };
    if (mask->contains("scripts")) note(mask->at("scripts"));
    const Json databases = mask->value("databases", Json::object());
    for (const auto& [name, fate] : databases.items())
      if (fate.is_array()) note(fate);
    for (const Place& each : places)
      if (each.bucket != places[0].bucket || each.key.empty())
        return problem("$.mask", "all scripts must be files, or objects of one bucket (s3://BUCKET/KEY)");
    if (!places.empty() && places[0].bucket == provider::ScriptStore::files &&
        text("aws.scripts_on") == "ec2")
      problem("$.mask",
              "aws.scripts_on is ec2, whose host reads scripts from a bucket alone: s3://BUCKET/KEY");
    folder_of_scripts_ = common_folder(places);
    out("bucket", places.empty() ? std::string(provider::ScriptStore::files) : places[0].bucket, "mask");
    out("prefix",
        folder_of_scripts_.substr(0, folder_of_scripts_.size() - (folder_of_scripts_.empty() ? 0 : 1)),
        "mask");
    out("scripts", keys_of(mask->value("scripts", Json::array())), "mask");
    if (databases.empty()) return;
    Json all = Json::object();
    for (const auto& [name, fate] : databases.items()) all[name] = fate.is_array() ? keys_of(fate) : fate;
    out("databases", std::move(all), "mask");
  }
  Json keys_of(const Json& scripts) const {
    std::vector<std::string> keys;
    for (const Json& each : scripts)
      keys.push_back(place_of(each.get<std::string>()).key.substr(folder_of_scripts_.size()));
    return base::join(keys, ",");
  }

  void work_out_replicas() {
    const Json* replicas = find(file_, "replicas");
    if (replicas == nullptr || replicas->empty()) return;
    std::vector<std::string> all;
    for (const Json& each : *replicas) {
      std::string one = fmt::format("{}_{}", each.at("name").get<std::string>(),
                                    each.value("class", text("aws.class", "-")));
      if (!cluster_) one += "_" + (each.contains("port") ? each["port"].dump() : "-");
      if (cluster_ && each.contains("port"))
        problem("$.replicas", "a cluster's readers listen on its port: say no port of theirs");
      all.push_back(std::move(one));
    }
    out("replicas", base::join(all, ","), "replicas");
  }

  void work_out_recipients() {
    const bool tells = said("notify.topic") || said("notify.to") || said("notify.webhook");
    if (said("notify.on") && !tells) problem("$.notify", "says of what, and not whom: say to or webhook");
    out("tells", tells, "notify");
  }

  // ---- the members

  /// What the file says under a path, or what was worked out; null if neither.
  Json value_of(const std::string& path) const {
    if (path == "master.secret.name") return secret_.empty() ? Json() : Json(secret_);
    if ((path == "listen.tls.certificate" || path == "listen.tls.key") && said(path))
      return (std::filesystem::path(folder_) / text(path)).lexically_normal().string();
    if (const auto found = worked_out_.find(path); found != worked_out_.end()) return found->second.first;
    const Json* value = find(file_, path);
    return value == nullptr ? Json() : *value;
  }
  std::string origin_of(const std::string& path) const {
    const auto found = worked_out_.find(path);
    return "$." + (found == worked_out_.end() ? path : found->second.second);
  }
  Json fallback_of(const refresh::Field& field) const {
    if (field.fallback.starts_with(':')) return value_of(std::string(field.fallback));
    return Json::parse(field.fallback, nullptr, false);  // "" is nothing
  }

  bool is_asked(const refresh::Step& step) const {
    const Json service = {{"dbservice", cluster_ ? "aurora" : "rds"}};
    if ((cluster_ ? step.presence.aurora : step.presence.rds) == refresh::Need::forbidden) return false;
    if (std::ranges::all_of(step.fields, [&](const refresh::Field& field) {
          return need_of(field, service) == refresh::Need::forbidden;
        }))
      return false;
    if (step.asked_by.empty()) return true;
    const Json asks = value_of(std::string(step.asked_by));
    return !asks.is_null() && asks != false && asks != Json::array();
  }

  Json begun_member() const {
    return {{"torun", true},
            {"dbservice", cluster_ ? "aurora" : "rds"},
            {"wait_time", find(file_, "check_every") == nullptr ? Json(10) : *find(file_, "check_every")}};
  }
  void add(const refresh::Step& step) {
    const std::string key(step.key);
    Json member = begun_member();
    for (const refresh::Field& field : step.fields) {
      if (field.brief.empty() || need_of(field, member) == refresh::Need::forbidden) continue;
      const std::string brief(field.brief), at = base::member_path("$." + key, field.name);
      lowered_.origins[at] =
          origin_of(brief.starts_with(':') && !worked_out_.contains(brief) ? "refresh" : brief);
      Json value = value_of(brief);
      if (value.is_null()) value = fallback_of(field);
      if (value.is_array()) value = base::join(value.get<std::vector<std::string>>(), ",");
      if (!value.is_discarded() && !value.is_null()) member[std::string(field.name)] = std::move(value);
    }
    lowered_.origins["$." + key] = step.asked_by.empty() ? "$" : origin_of(std::string(step.asked_by));
    lowered_.members[key] = std::move(member);
  }

  void override_members() {
    const Json* members = find(file_, "members");
    if (members == nullptr) return;
    for (const auto& [key, patch] : members->items()) {
      if (patch.is_null()) {
        lowered_.members.erase(key);
        continue;
      }
      if (!lowered_.members.contains(key)) lowered_.members[key] = begun_member();
      const std::string at = base::member_path("$", key);
      lowered_.origins.try_emplace(at, "$.members" + at.substr(1));
      for (const auto& [name, value] : patch.items()) {
        const std::string field = base::member_path(at, name), from = "$.members" + field.substr(1);
        if (is_secret(key, name)) problem(from, "is a password, which has no place in a file");
        lowered_.origins[field] = from;
      }
      lowered_.members[key].merge_patch(patch);
    }
  }
  static bool is_secret(const std::string& key, const std::string& name) {
    const auto* step = refresh::find_step(key);
    return step != nullptr && std::ranges::any_of(step->fields, [&](const refresh::Field& field) {
             return field.secret && field.name == name;
           });
  }

  const Json& file_;
  std::string folder_, password_;
  bool cluster_ = false;
  std::string secret_, folder_of_scripts_;
  std::map<std::string, std::pair<Json, std::string>> worked_out_;  ///< by `:name`
  Lowered lowered_;
};

}  // namespace

Lowered lower(const Json& checked, const std::string& folder, const std::string& password) {
  return Lowering(checked, folder, password).run();
}

}  // namespace shortfile
