#include "shortfile/check.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "provider/provider.h"
#include "shortfile/duration.h"
#include "shortfile/moment.h"

namespace shortfile {
namespace {

using base::Json;

constexpr std::int64_t highest_port = 65'535;
constexpr std::chrono::hours longest_wait(24);  ///< as wait_time of a member

std::string shown(const Json& value) {
  return value.is_structured() ? (value.is_array() ? "a list" : "an object") : base::dump_valid(value);
}

/// A value or a list of such: texts, one by one. Nothing if it is neither.
std::optional<std::vector<std::string>> texts_of(const Json& value) {
  std::vector<std::string> all;
  if (value.is_string()) return std::vector{value.get<std::string>()};
  if (!value.is_array()) return std::nullopt;
  for (const Json& each : value) {
    if (!each.is_string()) return std::nullopt;
    all.push_back(each.get<std::string>());
  }
  return all;
}

class Checker {
 public:
  explicit Checker(base::Time now) : now_(now) {}

  Checked run(const Json& file) && {
    if (file.is_object())
      out_.value = section("", "$", file);
    else
      problem("$", "must be an object, as 'refresh: NAME'");
    return std::move(out_);
  }

 private:
  Json problem(const std::string& path, std::string message, bool warning = false) {
    out_.problems.push_back({0, path, std::move(message), warning});
    return nullptr;
  }

  /// Its members that are good.
  Json section(const std::string& path, const std::string& where, const Json& value) {
    const auto known = children(all_, path);
    Json good = Json::object();
    for (const auto& [name, member] : value.items()) {
      const auto found = std::ranges::find(known, name, [](const Entry* each) { return name_of(*each); });
      if (found == known.end()) {
        unknown(known, name, where);
        continue;
      }
      Json read = this->member(**found, base::member_path(where, name), member);
      if (!read.is_null()) good[name] = std::move(read);
    }
    for (const Entry* each : known)
      if (each->required && !value.contains(name_of(*each)))
        problem(base::member_path(where, name_of(*each)),
                "is required: " + base::lower(each->help.substr(0, 1)) + each->help.substr(1));
    return good;
  }
  void unknown(const std::vector<const Entry*>& known, const std::string& name, const std::string& where) {
    std::vector<std::string> names;
    for (const Entry* each : known) names.push_back(name_of(*each));
    const std::vector<std::string_view> views(names.begin(), names.end());
    auto guess = base::did_you_mean(name, views);
    if (guess.empty()) guess = "there are " + base::join(names, ", ");
    problem(base::member_path(where, name), "is not known here; " + guess);
  }

  /// null for what is not good, and said.
  Json member(const Entry& entry, const std::string& where, const Json& value) {
    switch (entry.shape) {
      case Shape::section:
        if (value.is_object()) return section(entry.path, where, value);
        if (entry.shorthand.empty() || value.is_null())
          return problem(where, "must be an object, got " + shown(value));
        return section(entry.path, where, {{entry.shorthand, value}});
      case Shape::sections:
        return sections(entry, where, value);
      case Shape::name:
        if (value.is_string() && provider::is_identifier(value.get<std::string>()))
          return base::lower(value.get<std::string>());
        return problem(where,
                       "must be a name of 1 to 63 letters, digits and single hyphens, first a letter, got " +
                           shown(value));
      case Shape::text:
        if (value.is_string() && !value.get_ref<const std::string&>().empty()) return value;
        return problem(where, "must be text, got " + shown(value));
      case Shape::integer:
        return integer(entry, where, value);
      case Shape::boolean:
        return value.is_boolean() ? value : problem(where, "must be true or false, got " + shown(value));
      case Shape::choice:
        return choice(entry, where, value);
      case Shape::texts:
        return texts(entry, where, value);
      case Shape::duration:
        return duration(entry, where, value);
      case Shape::moment:
        return moment(where, value);
      case Shape::password:
        return password(where, value);
      case Shape::statements:
        return statements(where, value);
      case Shape::masking:
        return masking(where, value);
      case Shape::members:
        return members(where, value);
    }
    return nullptr;
  }

  Json sections(const Entry& entry, const std::string& where, const Json& value) {
    if (!value.is_array()) return problem(where, "must be a list, got " + shown(value));
    Json all = Json::array();
    for (std::size_t i = 0; i < value.size(); ++i) {
      const std::string at = fmt::format("{}[{}]", where, i);
      if (value[i].is_object())
        all.push_back(section(entry.path + "[]", at, value[i]));
      else if (!entry.shorthand.empty() && value[i].is_string())
        all.push_back(section(entry.path + "[]", at, {{entry.shorthand, value[i]}}));
      else
        problem(at, "must be an object, got " + shown(value[i]));
    }
    return all;
  }

  Json integer(const Entry& entry, const std::string& where, const Json& value) {
    const bool port = name_of(entry) == "port";
    if (!value.is_number_integer()) return problem(where, "must be a whole number, got " + shown(value));
    const auto number = base::integer(value);
    if (!number || *number < entry.least || (port && *number > highest_port))
      return problem(
          where, port ? fmt::format("must be from {} to {}, got {}", entry.least, highest_port, value.dump())
                      : fmt::format("must be at least {}, got {}", entry.least, value.dump()));
    return value;
  }

  Json choice(const Entry& entry, const std::string& where, const Json& value) {
    const auto all = base::split_list(entry.choices, '|');
    const std::string said = value.is_number_integer() ? value.dump()
                             : value.is_string()       ? value.get<std::string>()
                                                       : "";
    if (std::ranges::find(all, said) != all.end()) return said;
    const std::vector<std::string_view> views(all.begin(), all.end());
    const auto guess = base::did_you_mean(said, views);
    return problem(where, fmt::format("must be {}{}, got {}{}{}", all.size() == 1 ? "" : "one of ",
                                      base::join(all, ", "), shown(value), guess.empty() ? "" : "; ", guess));
  }

  Json texts(const Entry& entry, const std::string& where, const Json& value) {
    const auto all = texts_of(value);
    if (!all) return problem(where, "must be a list of texts, got " + shown(value));
    const auto allowed = base::split_list(entry.choices, '|');
    for (const auto& each : *all) {
      if (each.empty() || each.find(',') != std::string::npos)
        return problem(where, fmt::format("has '{}': no text and no comma can be in it", each));
      if (!allowed.empty() && std::ranges::find(allowed, each) == allowed.end())
        return problem(where, fmt::format("has '{}', which is none of {}", each, base::join(allowed, ", ")));
    }
    return *all;
  }

  Json duration(const Entry& entry, const std::string& where, const Json& value) {
    const auto length = value.is_string() ? parse_duration(value.get<std::string>()) : std::nullopt;
    if (!length)
      return problem(where, "must be a length of time, as 30 s, 15m or 3 days, got " + shown(value));
    if (entry.path == "check_every" && *length > longest_wait)
      return problem(where, "must be a day at most, got " + shown(value));
    return length->count();
  }

  Json moment(const std::string& where, const Json& value) {
    if (value.is_object() && value.size() == 1 && value.contains("snapshot") &&
        value["snapshot"].is_string() && !value["snapshot"].get_ref<const std::string&>().empty())
      return value;
    if (!value.is_string())
      return problem(where, "must be latest, a time, or {snapshot: NAME}, got " + shown(value));
    const auto& text = value.get_ref<const std::string&>();
    if (text == "latest") return text;
    const auto read = read_moment(text, now_);
    if (const auto* fault = std::get_if<Fault>(&read))
      return problem(where, fmt::format("'{}': {}", text, fault->message));
    const auto& found = std::get<Moment>(read);
    if (!found.note.empty()) problem(where, found.note, true);
    if (found.time > now_) return problem(where, fmt::format("'{}' is still to come", text));
    return {{"time", base::ledger_utc(found.time)}};
  }

  Json password(const std::string& where, const Json& value) {
    if (value == "generated") return value;
    if (value.is_object() && value.size() == 1)
      for (const char* kind : {"secret", "file", "env"})
        if (value.contains(kind) && value[kind].is_string() &&
            !value[kind].get_ref<const std::string&>().empty())
          return value;
    // What stands here may be a password.
    return problem(where, "must be generated, {secret: NAME}, {file: PATH} or {env: VARIABLE}");
  }

  /// Scripts; null where there are none.
  Json scripts(const std::string& where, const Json& value) {
    const auto all = texts_of(value);
    if (!all) return problem(where, "must be a list of scripts, got " + shown(value));
    if (all->empty()) return problem(where, "has no script: say clean for what needs none");
    for (const auto& each : *all)
      if (each.empty() || each.find(',') != std::string::npos)
        return problem(where, fmt::format("has the script '{}': no comma can be in its name", each));
    return *all;
  }
  Json fate(const std::string& where, const Json& value) {
    if (value == "clean" || value == "drop") return value;
    if (value.is_array()) return scripts(where, value);
    if (!value.is_object() || value.size() != 1 || !value.contains("scripts"))
      return problem(where, "must be clean, drop, a list of scripts or {scripts: …}, got " + shown(value));
    return scripts(where + ".scripts", value["scripts"]);
  }
  Json masking(const std::string& where, const Json& value) {
    if (value.is_array()) {
      Json all = scripts(where, value);
      return all.is_null() ? all : Json{{"scripts", std::move(all)}};
    }
    if (!value.is_object() || value.empty())
      return problem(
          where,
          "must be scripts, or an object that says of each database what becomes of it, got " + shown(value));
    Json all = Json::object();
    for (const auto& [name, what] : value.items()) {
      const std::string at = base::member_path(where, name);
      Json read = name == initial_database ? scripts(at, what) : fate(at, what);
      if (read.is_null()) continue;
      (name == initial_database ? all["scripts"] : all["databases"][name]) = std::move(read);
    }
    return all;
  }

  Json statements(const std::string& where, const Json& value) {
    if (!value.is_object() || value.empty())
      return problem(where,
                     "must be an object that says of a database what must hold in it, got " + shown(value));
    Json all = Json::object();
    for (const auto& [name, said] : value.items()) {
      const auto list = texts_of(said);
      if (!list || list->empty())
        problem(base::member_path(where, name), "must be a statement or a list of them, got " + shown(said));
      else
        all[name] = *list;
    }
    return all;
  }
  Json members(const std::string& where, const Json& value) {
    if (!value.is_object()) return problem(where, "must be an object, got " + shown(value));
    for (const auto& [name, member] : value.items())
      if (!member.is_object() && !member.is_null())
        problem(base::member_path(where, name), "must be an object, or null for a member to be left out");
    return value;
  }

  base::Time now_;
  std::vector<Entry> all_ = entries();
  Checked out_;
};

}  // namespace

Checked check(const Json& file, base::Time now) {
  return Checker(now).run(file);
}

}  // namespace shortfile
