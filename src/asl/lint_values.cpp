// Paths, intrinsic functions and payload templates.
#include <fmt/format.h>

#include "asl/intrinsics.h"
#include "asl/linter.h"
#include "base/error.h"

namespace asl {

void Linter::value_text(const Json& value, const std::string& where) {
  if (!value.is_string()) return problem(where, "must be a path or an intrinsic function");
  const auto& text = value.get_ref<const std::string&>();
  if (!text.starts_with('$')) {
    if (auto why = check_intrinsic(text); !why.empty()) problem(where, why);
    return;
  }
  try {
    Path::parse(text);
  } catch (const base::Error& error) {
    problem(where, error.message);
  }
}

void Linter::reference(const Json& json, const char* field, const std::string& where) {
  const Json& value = json[field];
  if (value.is_null()) return;
  const std::string at = base::member_path(where, field);
  const auto before = problems.size();
  value_text(value, at);
  if (problems.size() > before) return;
  const auto& text = value.get_ref<const std::string&>();
  if (!text.starts_with('$') || text.starts_with("$$") || !Path::parse(text).reference())
    problem(at, fmt::format("must be a reference path, got {}", value.dump()));
}

void Linter::templates(const Json& json, const std::string& where) {
  if (json.is_array()) {
    for (std::size_t i = 0; i < json.size(); ++i) templates(json[i], fmt::format("{}[{}]", where, i));
  }
  if (!json.is_object()) return;
  for (const auto& [name, member] : json.items()) {
    const std::string at = base::member_path(where, name);
    if (!name.ends_with(".$")) {
      templates(member, at);
      continue;
    }
    value_text(member, at);
    if (json.contains(name.substr(0, name.size() - 2)))
      problem(at, "names the same member as one without .$");
  }
}

void Linter::paths(const Json& json, const std::string& where) {
  for (const char* field :
       {"InputPath", "OutputPath", "SecondsPath", "TimestampPath", "ItemsPath", "TimeoutSecondsPath",
        "HeartbeatSecondsPath", "MaxConcurrencyPath", "ErrorPath", "CausePath"})
    if (json.contains(field) && !json[field].is_null())
      value_text(json[field], base::member_path(where, field));
  if (json.contains("ResultPath")) reference(json, "ResultPath", where);
  for (const char* field : {"Parameters", "ResultSelector", "ItemSelector", "Assign"})
    if (json.contains(field)) templates(json[field], base::member_path(where, field));
}

}  // namespace asl
