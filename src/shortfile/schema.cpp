#include "shortfile/schema.h"

#include <fmt/format.h>

#include "base/text.h"
#include "shortfile/check.h"
#include "shortfile/entry.h"

namespace shortfile {
namespace {

using base::Json;

// As parse_duration(), which knows no sign, and no number that is too large.
constexpr const char* duration_pattern =
    "^\\s*([0-9]{1,9}\\s*(s|sec|seconds?|m|min|minutes?|h|hours?|d|days?|w|weeks?)\\s*)+$";
constexpr const char* name_pattern = "^[A-Za-z](-?[A-Za-z0-9])*$";
constexpr const char* moment_pattern = "^\\s*(latest|-.+|.+[0-9]:[0-9].*)$";
constexpr const char* no_comma = "^[^,]+$";

Json one_text() {
  return {{"type", "string"}, {"pattern", no_comma}};
}
Json list_of(Json item) {
  return {{"type", "array"}, {"items", std::move(item)}};
}
Json object_of(const char* name, Json value) {
  return {{"type", "object"},
          {"properties", {{name, std::move(value)}}},
          {"required", {name}},
          {"additionalProperties", false}};
}
Json text_schema() {
  return {{"type", "string"}, {"minLength", 1}};
}

Json masking_schema() {
  Json scripts = list_of(one_text());
  scripts["minItems"] = 1;
  const Json one_or_more = {{"anyOf", {one_text(), scripts}}};
  const Json fate = {{"anyOf", {{{"enum", {"clean", "drop"}}}, scripts, object_of("scripts", one_or_more)}}};
  const Json object = {{"type", "object"},
                       {"minProperties", 1},
                       {"properties", {{initial_database, one_or_more}}},
                       {"additionalProperties", fate}};
  return {{"anyOf", {scripts, object}}};
}

class Writer {
 public:
  Json section(const std::string& path) const {
    Json out = {{"type", "object"}, {"properties", Json::object()}, {"additionalProperties", false}};
    for (const Entry* each : children(all_, path)) {
      Json member = of(*each);
      member["description"] = each->help.empty() ? "" : each->help;
      out["properties"][name_of(*each)] = std::move(member);
      if (each->required) out["required"].push_back(name_of(*each));
    }
    return out;
  }

 private:
  const Entry* shorthand_of(const Entry& entry, const std::string& path) const {
    for (const Entry* each : children(all_, path))
      if (name_of(*each) == entry.shorthand) return each;
    return nullptr;
  }
  /// A section, or what stands for one of its members, if no other of them is required.
  Json section_or_value(const Entry& entry, const std::string& path, bool texts_alone) const {
    const Entry* shorthand = shorthand_of(entry, path);
    if (shorthand == nullptr) return section(path);
    Json value = of(*shorthand);
    if (texts_alone && value.value("type", "") != "string") return section(path);
    return {{"anyOf", {section(path), std::move(value)}}};
  }

  Json of(const Entry& entry) const {
    switch (entry.shape) {
      case Shape::section:
        return section_or_value(entry, entry.path, false);
      case Shape::sections:
        return list_of(section_or_value(entry, entry.path + "[]", true));
      case Shape::name:
        return {{"type", "string"}, {"pattern", name_pattern}, {"maxLength", 63}};
      case Shape::text:
        return text_schema();
      case Shape::integer: {
        Json number = {{"type", "integer"}, {"minimum", entry.least}};
        if (name_of(entry) == "port") number["maximum"] = 65'535;
        return number;
      }
      case Shape::boolean:
        return {{"type", "boolean"}};
      case Shape::choice:
        return choice(entry);
      case Shape::texts: {
        Json one = one_text();
        if (!entry.choices.empty()) one = {{"enum", base::split_list(entry.choices, '|')}};
        return {{"anyOf", {one, list_of(one)}}};
      }
      case Shape::duration:
        return {{"type", "string"}, {"pattern", duration_pattern}};
      case Shape::moment:
        return {{"anyOf",
                 {{{"type", "string"}, {"pattern", moment_pattern}}, object_of("snapshot", text_schema())}}};
      case Shape::password:
        return {{"anyOf",
                 {{{"const", "generated"}},
                  object_of("secret", text_schema()),
                  object_of("file", text_schema()),
                  object_of("env", text_schema())}}};
      case Shape::statements: {
        Json list = list_of(text_schema());
        list["minItems"] = 1;
        return {{"type", "object"},
                {"minProperties", 1},
                {"additionalProperties", {{"anyOf", {text_schema(), list}}}}};
      }
      case Shape::masking:
        return masking_schema();
      case Shape::members:
        return {{"type", "object"}, {"additionalProperties", {{"type", {"object", "null"}}}}};
    }
    return Json::object();
  }
  /// A number may be written as one.
  static Json choice(const Entry& entry) {
    Json all = Json::array();
    for (const auto& each : base::split_list(entry.choices, '|')) {
      all.push_back(each);
      if (base::is_digits(each)) all.push_back(std::stoi(each));
    }
    return {{"enum", std::move(all)}};
  }

  std::vector<Entry> all_ = entries();
};

std::string type_text(const Entry& entry) {
  switch (entry.shape) {
    case Shape::section:
      return entry.shorthand.empty() ? "object" : fmt::format("object, or its `{}`", entry.shorthand);
    case Shape::sections:
      return "list of objects";
    case Shape::choice:
      return base::join(base::split_list(entry.choices, '|'), ", ");
    case Shape::texts:
      return entry.choices.empty() ? "list"
                                   : "list of " + base::join(base::split_list(entry.choices, '|'), ", ");
    case Shape::integer:
      return "integer";
    case Shape::boolean:
      return "true or false";
    case Shape::name:
      return "name";
    case Shape::duration:
      return "length of time";
    case Shape::moment:
      return "time";
    case Shape::text:
      return "text";
    default:
      return "see there";
  }
}

}  // namespace

Json schema() {
  Json out = Writer().section("");
  out["$schema"] = "https://json-schema.org/draft/2020-12/schema";
  out["title"] = "dbrefresh: a short refresh file";
  return out;
}

std::string reference() {
  std::string out = "| field | type | left out | meaning |\n|---|---|---|---|\n";
  for (const Entry& each : entries())
    out += fmt::format("| `{}` | {} | {} | {} |\n", each.path, type_text(each),
                       each.required ? "(required)" : each.fallback, each.help);
  return out;
}

}  // namespace shortfile
