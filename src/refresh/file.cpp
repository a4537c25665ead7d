#include "refresh/file.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "refresh/workflow.h"

namespace refresh {
namespace {

std::string lower_text(const Json& member, const char* name) {
  const auto found = member.find(name);
  return found != member.end() && found->is_string() ? base::lower(found->get<std::string>()) : std::string();
}

/// Reads one file; collects everything that is wrong with it.
class Reader {
 public:
  explicit Reader(std::string_view text) : document_(base::LocatedJson::parse(text)) {
    out_.problems = document_.problems();
  }

  RefreshFile run() {
    if (!out_.problems.empty() && !document_.value().is_object()) return finish();
    if (!document_.value().is_object()) {
      problem("$", "must be an object with a member for each step");
      return finish();
    }
    for (const auto& [key, member] : document_.value().items()) read_member(key, member);
    check_whole();
    if (out_.ok()) take_values();
    return finish();
  }

 private:
  void problem(std::string path, std::string message, bool warning = false) {
    out_.problems.push_back({0, std::move(path), std::move(message), warning});
  }

  RefreshFile finish() {
    for (Problem& each : out_.problems)
      if (each.line == 0) each.line = std::max(1, document_.line_of(each.path));
    std::ranges::stable_sort(out_.problems, {}, &Problem::line);
    out_.document = std::move(document_);
    return std::move(out_);
  }

  bool runs(std::string_view key) const {
    return std::ranges::find(running_, key, &Step::key) != running_.end();
  }
  const Json& member(std::string_view key) const { return document_.value().at(std::string(key)); }

  void read_member(const std::string& key, const Json& json) {
    if (key == "comment" || key == "comments") return;
    const Step* step = find_step(key);
    if (step == nullptr || !step->in_file) {
      std::vector<std::string_view> keys;
      for (const Step* each : sequence())
        if (each->in_file) keys.push_back(each->key);
      const auto guess = base::did_you_mean(key, keys);
      return problem(base::member_path("$", key),
                     "is not a member of a refresh file" + (guess.empty() ? "" : "; " + guess), true);
    }
    const std::string where = base::member_path("$", key);
    if (!json.is_object()) return problem(where, "must be an object");
    const auto torun = json.contains("torun") ? as_boolean(json["torun"]) : false;
    if (!torun)
      return problem(where + ".torun", fmt::format("must be true or false, got {}", json["torun"].dump()));
    if (!*torun && key == "runscripts" && !json.contains("engine"))
      problem(where + ".engine", "is required even when the step is skipped");
    if (!*torun) return;
    running_.push_back(step);
    const auto found = validate_member(*step, json);
    const bool clean = std::ranges::all_of(found, &Problem::warning);
    out_.problems.insert(out_.problems.end(), found.begin(), found.end());
    if (clean && step->rules != nullptr)
      for (auto& each : step->rules(json)) problem(where + each.path, each.message, each.warning);
    if (clean) read_check(*step, json, where);
  }

  /// A `check` may be left out; what it says must be what we derive.
  void read_check(const Step& step, const Json& json, const std::string& where) {
    if (!json.contains("check")) return;
    const std::string at = where + ".check";
    const Json& check = json["check"];
    if (!check.is_object()) return problem(at, "must be an object");
    Json expected = step.expected_check == nullptr ? Json::object() : step.expected_check(json);
    expected["checktodo"] = step.checktodo;
    for (const auto& [name, value] : check.items()) {
      const std::string path = base::member_path(at, name);
      if (name == "torun") {
        const auto torun = as_boolean(value);
        if (!torun)
          problem(path, "must be true or false");
        else if (!*torun)
          problem(path, fmt::format("is false while {} runs: a step is always checked", where));
      } else if (name == "wait_time") {
        continue;
      } else if (expected.contains(name) || json.contains(name)) {
        const Json& wanted = expected.contains(name) ? expected[name] : json[name];
        if (!same(value, wanted)) problem(path, contradiction(step, name, value, wanted));
      } else if (!is_secret(step, name) && name != "temppwd") {
        problem(path, "is not a field of this check", true);
      }
    }
  }

  static bool is_secret(const Step& step, const std::string& name) {
    return std::ranges::any_of(step.fields,
                               [&](const Field& field) { return field.name == name && field.secret; });
  }
  static bool same(const Json& a, const Json& b) {
    if (a.is_string() && b.is_string())
      return base::lower(a.get<std::string>()) == base::lower(b.get<std::string>());
    return a == b;
  }
  static std::string contradiction(const Step& step, const std::string& name, const Json& value,
                                   const Json& wanted) {
    if (is_secret(step, name) || name == "temppwd") return "contradicts the member it checks";
    return fmt::format("says {} and contradicts the member it checks, which makes it {}", value.dump(),
                       wanted.dump());
  }

  // ---- the file as a whole

  void check_whole() {
    if (!runs("restore")) {
      problem("$.restore.torun",
              "must be true: a refresh makes a new database and gives it the old one's name");
      return;
    }
    if (!std::ranges::all_of(out_.problems, &Problem::warning)) return;  // names below need valid members
    const bool cluster = lower_text(member("restore"), "dbservice") == "aurora";
    require_members(cluster);
    for (const Step* step : running_)
      if (lower_text(member(step->key), "dbservice") != lower_text(member("restore"), "dbservice"))
        problem(fmt::format("$.{}.dbservice", step->key),
                fmt::format("says '{}', and restore says '{}'", lower_text(member(step->key), "dbservice"),
                            lower_text(member("restore"), "dbservice")));
    if (!std::ranges::all_of(out_.problems, &Problem::warning)) return;
    read_names(cluster);
    for (const Step* step : running_) check_names(*step);
    check_passwords();
    check_report();
  }

  void require_members(bool cluster) {
    for (const char* key : {"createinstance", "renamecluster", "rename"}) {
      if ((cluster || key == std::string_view("rename")) && !runs(key))
        problem(fmt::format("$.{}.torun", key),
                "must be true: without it the new database would never get its name");
      if (!cluster && key != std::string_view("rename") && runs(key))
        problem(fmt::format("$.{}.torun", key), "must be false with dbservice rds");
    }
  }

  void read_names(bool cluster) {
    Names& names = out_.names;
    names.kind = cluster ? provider::Kind::cluster : provider::Kind::instance;
    const Json& restore = member("restore");
    const char* target_field = cluster ? "targetcluster" : "target";
    names.source = lower_text(restore, cluster ? "sourcecluster" : "source");
    const auto [temp, final_name] =
        renamed(cluster ? "renamecluster" : "rename", cluster ? "cluster" : "dbinstance");
    names.temp = temp;
    names.target = final_name;
    const std::string target = lower_text(restore, target_field);
    if (temp != target && temp != target + "temp")
      problem(
          fmt::format("$.restore.{}", target_field),
          fmt::format("says '{}', and {} renames '{}'", target, cluster ? "renamecluster" : "rename", temp));
    names.instance = final_name;
    names.instance_temp = temp;
    if (cluster) {
      std::tie(names.instance_temp, names.instance) = renamed("rename", "dbinstance");
      const std::string made = lower_text(member("createinstance"), "dbinstance");
      if (names.instance_temp != made && names.instance_temp != made + "temp")
        problem("$.createinstance.dbinstance",
                fmt::format("says '{}', and rename renames '{}'", made, names.instance_temp));
    }
    if (names.source == names.target)
      problem(fmt::format("$.restore.{}", target_field),
              fmt::format("'{}' is the source: a refresh never writes to its source", names.target));
    if (names.source == names.temp)
      problem(fmt::format("$.restore.{}", target_field),
              fmt::format("'{}' would have the source's name for a temporary one", names.temp));
    if (names.temp == names.target)
      problem(fmt::format("$.{}", cluster ? "renamecluster" : "rename"),
              fmt::format("renames '{}' to its own name", names.temp));
    if (names.target.size() + 11 > 63)
      problem(
          fmt::format("$.restore.{}", target_field),
          fmt::format("'{}' is too long: the old database is set aside as <name>-old-<run>, in 63 characters",
                      names.target));
  }

  /// The temporary and the final name of a rename: `…temp` in the first dialect, `…_newname` in the second.
  std::pair<std::string, std::string> renamed(const char* key, const std::string& field) {
    const std::string from = lower_text(member(key), field.c_str()),
                      to = lower_text(member(key), (field + "_newname").c_str());
    if (!to.empty()) return {from, to};
    if (from.ends_with("temp") && from.size() > 4) return {from, from.substr(0, from.size() - 4)};
    problem(fmt::format("$.{}.{}", key, field),
            fmt::format("'{}' does not end in 'temp', and there is no {}_newname", from, field));
    return {from, from};
  }

  void check_names(const Step& step) {
    if (step.key == "restore" || step.key == "createinstance" || step.key == "rename" ||
        step.key == "renamecluster")
      return;
    const Names& names = out_.names;
    auto check = [&](const char* field, const std::string& temp, const std::string& final_name) {
      const std::string given = lower_text(member(step.key), field);
      if (!given.empty() && given != temp && given != final_name)
        problem(fmt::format("$.{}.{}", step.key, field),
                fmt::format("says '{}', and this refresh makes '{}'", given, final_name), step.report);
    };
    check("dbinstance", names.instance_temp, names.instance);
    if (names.kind == provider::Kind::cluster) check("cluster", names.temp, names.target);
  }

  void check_passwords() {
    if (!runs("runscripts") || !runs("changemasterpwd")) return;
    const Json& scripts = member("runscripts");
    const Json& change = member("changemasterpwd");
    if (lower_text(scripts, "access") == "pwd" && scripts["temppwd"] != change["temppwd"])
      problem("$.runscripts.temppwd", "is not the password that changemasterpwd sets");
    if (lower_text(scripts, "access") == "secret" && as_boolean(change["secret"]) == true &&
        scripts["secretname"] != change["secretname"])
      problem("$.runscripts.secretname",
              fmt::format("says {}, and changemasterpwd writes {}", scripts["secretname"].dump(),
                          change["secretname"].dump()),
              true);
  }

  void check_report() {
    for (const char* key : {"updatedynamodb", "sendmsg"})
      if (runs(key) && lower_text(member(key), "restoretype") != lower_text(member("restore"), "restoretype"))
        problem(fmt::format("$.{}.restoretype", key),
                fmt::format("says '{}', and restore says '{}'", lower_text(member(key), "restoretype"),
                            lower_text(member("restore"), "restoretype")));
  }

  void take_values() {
    out_.members = Json::object();
    for (const Step* step : running_) {
      const std::string key(step->key);
      Json normal = normalise_member(*step, member(key));
      for (const Field& field : step->fields) {
        const std::string name(field.name);
        if (!field.secret || !normal.contains(name)) continue;
        out_.secrets[key + "." + name] = base::Secret(normal[name].get<std::string>());
        normal.erase(name);
      }
      out_.members[key] = std::move(normal);
    }
  }

  base::LocatedJson document_;
  RefreshFile out_;
  std::vector<const Step*> running_;
};

}  // namespace

bool RefreshFile::ok() const {
  return std::ranges::all_of(problems, &Problem::warning);
}

RefreshFile parse_refresh_file(std::string_view text) {
  return Reader(text).run();
}

Json to_json(const Names& names) {
  return {{"kind", to_string(names.kind)}, {"source", names.source},
          {"target", names.target},        {"temp", names.temp},
          {"instance", names.instance},    {"instance_temp", names.instance_temp}};
}

}  // namespace refresh
