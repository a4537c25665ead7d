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
  Reader(base::LocatedJson document, Dialect dialect) : document_(std::move(document)), dialect_(dialect) {
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
    for (Problem& each : out_.problems) {
      if (each.line != 0) continue;
      const auto at = document_.position_of(each.path);
      each.line = std::max(1, at.line);
      each.column = at.column;
      each.file = at.file;
    }
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
    if (!*torun) {
      for (const Field& field : step->fields)
        if (field.even_if_skipped && !json.contains(field.name))
          problem(base::member_path(where, field.name), "is required even when the step is skipped");
      return;
    }
    running_.push_back(step);
    const auto found = validate_member(*step, json, dialect_);
    // Whoever writes a file in the sample's form may be somebody that files of this host are no business of.
    if (dialect_ == Dialect::sample && lower_text(json, "bucketname") == provider::ScriptStore::files)
      problem(where + ".bucketname", "is no name of a bucket");
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
    std::ranges::sort(running_, {}, [](const Step* step) {
      return std::ranges::find(sequence(), step) - sequence().begin();
    });
    std::string service = running_.empty() ? "" : lower_text(member(running_.front()->key), "dbservice");
    const bool valid = out_.ok();
    if (!document_.problems().empty()) return;  // what seems to be missing may be there
    check_presence(service == "aurora", valid);
    if (!valid || running_.empty()) return;  // names below need valid members
    for (const Step* step : running_)
      if (const auto given = lower_text(member(step->key), "dbservice"); given != service)
        problem(fmt::format("$.{}.dbservice", step->key),
                fmt::format("says '{}', and {} says '{}'", given, running_.front()->key, service));
    if (!out_.ok()) return;
    read_parts(service == "aurora");
    check_names();
  }

  /// The steps that every file must have run, or must not. What depends on a valid file waits for one.
  void check_presence(bool aurora, bool valid) {
    for (const Step* step : sequence()) {
      const Need need = aurora ? step->presence.aurora : step->presence.rds;
      const bool always = step->presence.rds == step->presence.aurora;
      if (!valid && !always) continue;
      const std::string path = fmt::format("$.{}.torun", step->key);
      if (need == Need::required && !runs(step->key))
        problem(path, fmt::format("must be true: {}", step->presence.why));
      if (need == Need::forbidden && runs(step->key)) problem(path, "must be false with dbservice rds");
    }
  }

  /// Each step's part of the whole.
  void read_parts(bool aurora) {
    std::map<std::string_view, Reading::Said> said;
    for (const Step* step : running_) {
      if (step->read == nullptr) continue;
      Reading reading{std::string(step->key), member(step->key), aurora, out_.names, said, out_.problems};
      step->read(reading);
    }
  }

  /// The names that members repeat are those that the refresh makes.
  void check_names() {
    const Names& names = out_.names;
    for (const Step* step : running_) {
      if (step->makes_names) continue;
      auto check = [&](const char* field, const std::string& temp, const std::string& final_name) {
        const std::string given = lower_text(member(step->key), field);
        if (!given.empty() && given != temp && given != final_name)
          problem(fmt::format("$.{}.{}", step->key, field),
                  fmt::format("says '{}', and this refresh makes '{}'", given, final_name), step->report);
      };
      check("dbinstance", names.instance_temp, names.instance);
      if (names.kind == provider::Kind::cluster) check("cluster", names.temp, names.target);
    }
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
  Dialect dialect_;
  RefreshFile out_;
  std::vector<const Step*> running_;
};

}  // namespace

bool RefreshFile::ok() const {
  return std::ranges::all_of(problems, &Problem::warning);
}

RefreshFile parse_refresh_file(std::string_view text, Dialect dialect) {
  return read_members(base::LocatedJson::parse(text), dialect);
}

RefreshFile read_members(base::LocatedJson document, Dialect dialect) {
  return Reader(std::move(document), dialect).run();
}

Problem RefreshFile::problem_at(std::string path, std::string message) const {
  Problem problem{0, std::move(path), std::move(message)};
  locate(problem);
  return problem;
}

void RefreshFile::locate(Problem& problem) const {
  const auto at = document.position_of(problem.path);
  problem.line = std::max(1, at.line);
  problem.column = at.column;
  problem.file = at.file;
  for (std::string_view path = problem.path; !path.empty();
       path = path.substr(0, path.find_last_of(".[") == path.npos ? 0 : path.find_last_of(".[")))
    if (const auto found = origins.find(path); found != origins.end()) {
      problem.path = found->second;
      return;
    }
}

Json to_json(const Names& names) {
  return {{"kind", to_string(names.kind)}, {"source", names.source},
          {"target", names.target},        {"temp", names.temp},
          {"instance", names.instance},    {"instance_temp", names.instance_temp}};
}

}  // namespace refresh
