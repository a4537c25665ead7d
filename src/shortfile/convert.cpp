#include "shortfile/convert.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/text.h"
#include "refresh/workflow.h"
#include "shortfile/check.h"
#include "shortfile/lower.h"

namespace shortfile {
namespace {

using base::Json;
using Ordered = nlohmann::ordered_json;
using refresh::Step;

class Converter {
 public:
  Converter(const Json& document, const refresh::RefreshFile& file, std::string password_file)
      : document_(document), file_(file), password_file_(std::move(password_file)) {}

  Converted run() && {
    say_names();
    say_source();
    say_values();
    say_master();
    say_masking();
    say_replicas();
    say_old();
    say_waiting();
    say_differences();
    return {std::move(out_), has_password_};
  }

 private:
  /// The member of the step that short files ask for by `asked`; nullptr if it does not run.
  const Json* asked(std::string_view asked) const {
    for (const Step* step : refresh::sequence())
      if (step->asked_by == asked && file_.members.contains(std::string(step->key)))
        return &file_.members.at(std::string(step->key));
    return nullptr;
  }
  /// What the first member that runs and has such a field says there; null if none does.
  Json value(std::string_view brief) const {
    for (const Step* step : refresh::sequence()) {
      const auto member = file_.members.find(std::string(step->key));
      if (member == file_.members.end()) continue;
      for (const auto& field : step->fields)
        if (field.brief == brief && member->contains(field.name)) return member->at(std::string(field.name));
    }
    return nullptr;
  }
  std::string text(std::string_view brief) const {
    const Json found = value(brief);
    return found.is_string() ? found.get<std::string>() : "";
  }
  void say(const std::string& path, const Json& value) {
    Ordered* at = &out_;
    for (const auto& name : base::split_list(path, '.')) at = &(*at)[name];
    *at = Ordered(value);
  }

  void say_names() {
    const auto& names = file_.names;
    say("refresh", names.target);
    if (names.kind != provider::Kind::cluster) return;
    say("kind", "cluster");
    if (names.instance != names.target + "-1") say("writer", names.instance);
  }

  void say_source() {
    const auto type = text(":restoretype");
    out_["from"] = file_.names.source;
    if (type == "latestpoint") return;
    out_["from"] = Ordered{{"source", file_.names.source}};
    if (type == "fastcloning") say("from.copy", "clone");
    if (type == "restorepoint") say("from.at", text(":restoretime") + " UTC");
    if (type == "fromsnapshot") say("from.at", {{"snapshot", text(":snapshot")}});
  }

  /// Each value that is said by itself, where it is not what its absence means.
  void say_values() {
    for (const Step* step : refresh::sequence())
      for (const auto& field : step->fields) {
        const std::string brief(field.brief);
        if (brief.empty() || brief.starts_with(':') || brief.starts_with("from.") ||
            brief.starts_with("master."))
          continue;
        const Json found = value(brief);
        if (found.is_null() || found == fallback_of(field) || found == Json::array()) continue;
        // A text that is empty is nothing to a short file; the members' differences say it.
        if (!found.is_string() || !found.get_ref<const std::string&>().empty()) say(brief, found);
      }
  }
  Json fallback_of(const refresh::Field& field) const {
    if (field.fallback == ":target") return file_.names.target;
    return Json::parse(field.fallback, nullptr, false);
  }

  void say_master() {
    const Json* changed = asked(":says password");
    const Json* created = asked(":makes secret");
    if (changed != nullptr) {
      has_password_ = true;
      say("master.password", {{"file", password_file_}});
    }
    const bool writes = changed != nullptr && changed->value("secret", false);
    if (created != nullptr) {
      say("master.secret", {{"name", created->at("secretname")}});
      if (created->value("rotation", false)) {
        say("master.secret.rotate_days", created->at("rotationdays"));
        say("master.secret.rotate_function", created->at("lambdaarn"));
      }
    } else if (writes) {
      say("master.secret", {{"name", changed->at("secretname")}, {"create", false}});
    }
    const Json* rotated = asked("master.rotate");
    if (rotated != nullptr && (created != nullptr || writes) &&
        rotated->at("secretname").get<std::string>() == out_["master"]["secret"]["name"].get<std::string>())
      say("master.rotate", true);
  }

  void say_masking() {
    const Json* member = asked("mask");
    if (member == nullptr) return;
    const auto bucket = member->at("bucketname").get<std::string>();
    const auto prefix = member->at("prefix").get<std::string>();
    const auto names_of = [&](const Json& keys) {
      Ordered all = Ordered::array();
      for (const Json& key : keys)
        all.push_back(
            fmt::format("s3://{}/{}{}{}", bucket, prefix, prefix.empty() ? "" : "/", key.get<std::string>()));
      return all;
    };
    const Json databases = member->value("databases", Json::object());
    if (databases.empty()) {
      out_["mask"] = names_of(member->at("keys"));
      return;
    }
    if (!member->at("keys").empty()) out_["mask"][initial_database] = names_of(member->at("keys"));
    for (const auto& [name, fate] : databases.items())
      out_["mask"][name] = fate.is_array() ? names_of(fate) : Ordered(fate);
  }

  void say_replicas() {
    const Json* member = asked("replicas");
    if (member == nullptr) return;
    Ordered all = Ordered::array();
    for (const Json& each : member->at("replicas")) {
      const auto parts = base::split_list(each.get<std::string>(), '_');
      Ordered one = {{"name", base::lower(parts[0])}};
      if (parts.size() > 2) one["port"] = std::stoi(parts[2]);
      if (parts.size() > 1 && parts[1] != text("aws.class")) one["class"] = parts[1];
      all.push_back(std::move(one));
    }
    out_["replicas"] = std::move(all);
  }

  void say_old() {
    if (asked(":deletes") == nullptr) say("old.keep", "forever");
    if (asked("old.stop") != nullptr) say("old.stop", true);
  }

  /// What most members say.
  void say_waiting() {
    std::map<std::int64_t, int> times;
    for (const Json& member : file_.members) ++times[member.value("wait_time", std::int64_t{10})];
    const auto most = std::ranges::max_element(times, {}, [](const auto& each) { return each.second; });
    if (most != times.end() && most->first != 10) say("check_every", fmt::format("{} s", most->first));
  }

  /// What this file makes by now, held against what it is to make.
  void say_differences() {
    auto checked = check(Json(out_), base::Time::max());
    const auto lowered = lower(checked.value, "/", "-").members;
    Json members = Json::object();
    for (const Step* step : refresh::sequence()) {
      const std::string key(step->key);
      const auto wanted = file_.members.find(key);
      const auto made = lowered.find(key);
      if (wanted == file_.members.end()) {
        if (made != lowered.end()) members[key] = nullptr;
        continue;
      }
      Json patch = difference(*step, *wanted, made == lowered.end() ? Json::object() : *made);
      if (!patch.empty()) members[key] = std::move(patch);
    }
    if (!members.empty()) out_["members"] = Ordered(members);
  }
  /// Of the fields that matter, as the sample's file says them.
  Json difference(const Step& step, const Json& wanted, const Json& lowered) const {
    const Json made = lowered.empty() ? Json::object() : normalise_member(step, lowered);
    const Json& said = document_.at(std::string(step.key));
    Json patch = Json::object();
    for (const auto& field : step.fields) {
      const std::string name(field.name);
      if (field.secret || field.derived || is_ignored(field)) continue;
      const auto a = wanted.find(name), b = made.find(name);
      if (a == wanted.end() ? b == made.end() : b != made.end() && *a == *b) continue;
      patch[name] = a == wanted.end() ? Json() : said.at(name);
    }
    if (wanted.value("wait_time", 10) != made.value("wait_time", lowered.empty() ? -1 : 10))
      patch["wait_time"] = wanted.value("wait_time", 10);
    return patch;
  }
  /// Accepted in the sample's form, and of no use.
  static bool is_ignored(const refresh::Field& field) { return field.brief.empty(); }

  const Json& document_;
  const refresh::RefreshFile& file_;
  std::string password_file_;
  bool has_password_ = false;
  Ordered out_;
};

}  // namespace

Converted convert(const Json& document, const refresh::RefreshFile& file, const std::string& password_file) {
  return Converter(document, file, password_file).run();
}

}  // namespace shortfile
