// One member of the refresh file against its step's description.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "refresh/step.h"

namespace refresh {
namespace {

constexpr std::string_view common_fields[] = {"torun", "wait_time", "check", "dbservice", "comment"};

std::string given_text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

/// A value for a message. Secrets show as nothing but their being there.
std::string shown(const Field& field, const Json& value) {
  return field.secret ? "the given value" : fmt::format("'{}'", given_text(value));
}

bool says(const Json& value, std::string_view wanted) {
  const auto boolean = as_boolean(value);
  return boolean ? (*boolean ? "true" : "false") == wanted : given_text(value) == wanted;
}

bool is_used(const Field& field, const Json& member) {
  return field.used_if.field.empty() ||
         (member.contains(field.used_if.field) &&
          std::ranges::any_of(base::split_list(field.used_if.value, '|'), [&](const auto& value) {
            return says(member[std::string(field.used_if.field)], value);
          }));
}

bool is_choice(std::string_view choices, std::string_view value) {
  const auto all = base::split_list(choices, '|');
  return std::ranges::find(all, value) != all.end();
}

/// A database's name, and what is to become of it, as text.
std::string decisions_fault(const Json& value) {
  if (!value.is_object()) return "must be an object: a database's name, and its scripts, 'clean' or 'drop'";
  for (const auto& [name, what] : value.items()) {
    if (name.empty()) return "has a database without a name";
    if (!what.is_string() || base::split_list(what.get<std::string>()).empty())
      return fmt::format("must say for '{}' the scripts with commas between, 'clean' or 'drop', got {}", name,
                         what.dump());
  }
  return "";
}

/// A database's name, and what is asked of it.
std::string statements_fault(const Json& value) {
  const auto is_statement = [](const Json& each) {
    return each.is_string() && !base::trim(each.get_ref<const std::string&>()).empty();
  };
  if (!value.is_object()) return "must be an object: a database's name, and a statement or a list of them";
  for (const auto& [name, said] : value.items())
    if (name.empty() || !(is_statement(said) ||
                          (said.is_array() && !said.empty() && std::ranges::all_of(said, is_statement))))
      return fmt::format("must say for '{}' a statement or a list of them, got {}", name, said.dump());
  return "";
}

/// What is wrong with a value of this kind, or "".
std::string fault(const Field& field, const Json& value) {
  switch (field.kind) {
    case Kind::decisions:
      return decisions_fault(value);
    case Kind::statements:
      return statements_fault(value);
    case Kind::text:
      if (!value.is_string()) return "must be text, got " + shown(field, value);
      return value.get<std::string>().empty() && field.secret ? "must not be empty" : "";
    case Kind::identifier:
      return value.is_string() && provider::is_identifier(value.get<std::string>())
                 ? ""
                 : fmt::format(
                       "must be an identifier (1 to 63 letters, digits "
                       "and single hyphens, first a letter), got {}",
                       shown(field, value));
    case Kind::integer: {
      const auto number = as_integer(value);
      return number && *number >= field.least
                 ? ""
                 : fmt::format("must be an integer of at least {}, got {}", field.least, shown(field, value));
    }
    case Kind::boolean:
      return as_boolean(value) ? "" : fmt::format("must be true or false, got {}", shown(field, value));
    case Kind::choice: {
      if (is_choice(field.choices, given_text(value))) return "";
      const auto all = base::split_list(field.choices, '|');
      const std::vector<std::string_view> views(all.begin(), all.end());
      const auto guess = base::did_you_mean(given_text(value), views);
      return fmt::format("must be one of {}, got {}{}", base::join(all, ", "), shown(field, value),
                         guess.empty() ? "" : "; " + guess);
    }
    case Kind::utc_time:
      return value.is_string() && base::parse_ledger_utc(value.get<std::string>())
                 ? ""
                 : fmt::format("must be a time YYYY-MM-DD HH:MM:SS in UTC, got {}", shown(field, value));
    case Kind::list:
      if (!value.is_string()) return "must be text with commas, got " + shown(field, value);
      for (const auto& each : base::split_list(value.get<std::string>()))
        if (!field.choices.empty() && !is_choice(field.choices, each))
          return fmt::format("has '{}', which is none of {}", each, field.choices);
      return "";
  }
  return "";
}

bool has_placeholder(const Json& value) {
  return value.is_string() && value.get_ref<const std::string&>().find("CHANGE_ME") != std::string::npos;
}

void check_field(const Field& field, const Json& member, const std::string& where, Dialect dialect,
                 std::vector<Problem>& problems) {
  const std::string path = base::member_path(where, field.name);
  auto problem = [&](std::string message, bool warning = false) {
    problems.push_back({0, path, std::move(message), warning});
  };
  const Need need = need_of(field, member);
  const auto found = member.find(field.name);
  if (found == member.end()) {
    const bool may_be_missing = dialect == Dialect::lowered && field.inherited;
    if (need == Need::required && is_used(field, member) && !may_be_missing)
      problem(field.used_if.field.empty()
                  ? "is required"
                  : fmt::format("is required when {} is {}", field.used_if.field, field.used_if.value));
    return;
  }
  if (need == Need::forbidden)
    return problem(
        fmt::format("is not allowed with dbservice {}", given_text(member.value("dbservice", Json("rds")))));
  if (!is_used(field, member)) return;
  if (has_placeholder(*found)) {
    if (!field.derived) problem("still says CHANGE_ME");
    return;
  }
  if (auto why = fault(field, *found); !why.empty()) problem(std::move(why));
}

void check_unknown(const Step& step, const Json& member, const std::string& where,
                   std::vector<Problem>& problems) {
  std::vector<std::string_view> known(std::begin(common_fields), std::end(common_fields));
  for (const Field& field : step.fields) known.push_back(field.name);
  for (const auto& [name, value] : member.items()) {
    if (std::ranges::find(known, name) != known.end()) continue;
    const auto guess = base::did_you_mean(name, known);
    problems.push_back({0, base::member_path(where, name),
                        "is not a field of " + std::string(step.key) + (guess.empty() ? "" : "; " + guess),
                        true});
  }
}

}  // namespace

void warn_of_unused_password(const Reading& reading) {
  if (reading.member.contains("temppwd") && !reading.said.contains("password"))
    reading.problem(
        "temppwd",
        "is not used: no step of this file sets the master user's password, so the run makes one up", true);
}

std::optional<bool> as_boolean(const Json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (!value.is_string()) return std::nullopt;
  const std::string text = base::lower(value.get<std::string>());
  if (text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

std::optional<std::int64_t> as_integer(const Json& value) {
  if (value.is_number_integer()) return base::integer(value);
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  if (!base::is_digits(text) || text.size() > 15) return std::nullopt;
  return std::stoll(text);
}

Need need_of(const Field& field, const Json& member) {
  return member.value("dbservice", Json()) == "aurora" ? field.aurora : field.rds;
}

std::vector<Problem> validate_member(const Step& step, const Json& member, Dialect dialect) {
  std::vector<Problem> problems;
  const std::string where = base::member_path("$", step.key);
  const bool serviced = member.contains("dbservice");
  if (!serviced)
    problems.push_back({0, where + ".dbservice", "is required"});
  else if (!says(member["dbservice"], "rds") && !says(member["dbservice"], "aurora"))
    problems.push_back({0, where + ".dbservice",
                        fmt::format("must be rds or aurora, got '{}'", given_text(member["dbservice"]))});
  if (member.contains("wait_time")) {
    const auto wait = as_integer(member["wait_time"]);
    if (!wait || *wait < 0 || *wait > 86'400)
      problems.push_back(
          {0, where + ".wait_time",
           fmt::format("must be seconds from 0 to 86400, got '{}'", given_text(member["wait_time"]))});
  }
  for (const Field& field : step.fields) check_field(field, member, where, dialect, problems);
  check_unknown(step, member, where, problems);
  return problems;
}

Json normalise_member(const Step& step, const Json& member) {
  Json out = {
      {"dbservice", member.at("dbservice")},
      {"wait_time", member.contains("wait_time") ? as_integer(member["wait_time"]).value_or(10) : 10}};
  for (const Field& field : step.fields) {
    const auto found = member.find(field.name);
    if (found == member.end() || !is_used(field, member) || has_placeholder(*found)) continue;
    const std::string name(field.name);
    switch (field.kind) {
      case Kind::integer:
        out[name] = *as_integer(*found);
        break;
      case Kind::boolean:
        out[name] = *as_boolean(*found);
        break;
      case Kind::list:
        out[name] = base::split_list(found->get<std::string>());
        break;
      case Kind::decisions:
        for (const auto& [database, what] : found->items()) {
          const auto words = base::split_list(what.get<std::string>());
          out[name][database] =
              words.size() == 1 && (words[0] == "clean" || words[0] == "drop") ? Json(words[0]) : Json(words);
        }
        break;
      case Kind::statements:
        for (const auto& [database, said] : found->items())
          out[name][database] = said.is_array() ? said : Json::array({said});
        break;
      case Kind::identifier:
        out[name] = base::lower(found->get<std::string>());
        break;
      case Kind::choice:
        out[name] = given_text(*found);
        break;
      default:
        out[name] = *found;
    }
  }
  return out;
}

}  // namespace refresh
