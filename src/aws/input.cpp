#include "aws/input.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/timestamp.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/text.h"
#include "os/random.h"

namespace aws {
namespace {

using base::Json;

/// `12345678-1234-4123-8123-123456789abc`: some services want no other form.
std::string random_uuid() {
  std::string bytes = os::random_bytes(16);
  bytes[6] = static_cast<char>((static_cast<unsigned char>(bytes[6]) & 0x0FU) | 0x40U);
  bytes[8] = static_cast<char>((static_cast<unsigned char>(bytes[8]) & 0x3FU) | 0x80U);
  const std::string digits = base::hex(bytes);
  return fmt::format("{}-{}-{}-{}-{}", digits.substr(0, 8), digits.substr(8, 4), digits.substr(12, 4),
                     digits.substr(16, 4), digits.substr(20));
}

/// What JSON has no numbers for.
bool is_no_number(const Json& given) {
  return given == "NaN" || given == "Infinity" || given == "-Infinity";
}

class Check {
 public:
  explicit Check(std::string call) : call_(std::move(call)) {}

  void value(const Shape& shape, const Json& given, const std::string& path) const {
    const auto [fits, wanted] = judge(shape.kind, given);
    if (!fits) refuse("InvalidMember", path, fmt::format("is {} instead of {}", given.type_name(), wanted));
    if (shape.kind == Kind::structure) structure(shape, given, path);
    if (shape.kind == Kind::list)
      for (std::size_t i = 0; i < given.size(); ++i)
        value(*shape.element.shape, given[i], fmt::format("{}[{}]", path, i));
    if (shape.kind == Kind::map)
      for (const auto& [key, each] : given.items())
        value(*shape.element.shape, each, base::member_path(path, key));
  }

 private:
  static std::pair<bool, std::string_view> judge(Kind kind, const Json& given) {
    switch (kind) {
      case Kind::structure:
        return {given.is_object(), "a structure"};
      case Kind::map:
        return {given.is_object(), "a map"};
      case Kind::list:
        return {given.is_array(), "a list"};
      case Kind::string:
      case Kind::blob:
        return {given.is_string(), "a text"};
      case Kind::integer:
        return {given.is_number_integer(), "an integer"};
      case Kind::real:
        return {given.is_number() || is_no_number(given), "a number"};
      case Kind::boolean:
        return {given.is_boolean(), "true or false"};
      case Kind::timestamp:
        return {given.is_string() && parse_time(given.get_ref<const std::string&>()).has_value(),
                "a time such as 2026-01-31T12:00:00Z"};
    }
    return {false, ""};
  }

  void structure(const Shape& shape, const Json& given, const std::string& path) const {
    for (const auto& [name, each] : given.items()) {
      const Member* member = shape.find(name);
      const std::string below = base::member_path(path, name);
      if (member == nullptr) refuse("UnknownMember", below, "is not in the model", near(shape, name));
      value(*member->shape, each, below);
    }
    for (const auto& name : shape.required)
      if (!given.contains(name)) refuse("MissingMember", base::member_path(path, name), "is missing");
  }

  static std::string near(const Shape& shape, const std::string& name) {
    std::vector<std::string_view> names;
    for (const auto& member : shape.members) names.push_back(member.name);
    return base::did_you_mean(name, names);
  }

  [[noreturn]] void refuse(const char* code, const std::string& path, const std::string& what,
                           const std::string& hint = "") const {
    throw base::Error(code, fmt::format("{}: {} {}", call_, path.substr(2), what), hint);
  }

  std::string call_;
};

}  // namespace

Json checked_input(const Service& service, const Operation& operation, const Json& input) {
  Json out = input.is_null() ? Json::object() : input;
  const Shape* shape = operation.input.shape;
  if (shape == nullptr) {
    if (!out.empty())
      throw base::Error("UnknownMember", fmt::format("{} {} takes no input", service.name, operation.name));
    return out;
  }
  for (const auto& member : shape->members)
    if (member.is_token && !out.contains(member.name)) out[member.name] = random_uuid();
  Check(fmt::format("{} {}", service.name, operation.name)).value(*shape, out, "$");
  return out;
}

bool has_token(const Operation& operation) {
  return operation.input.shape != nullptr &&
         std::ranges::any_of(operation.input.shape->members, &Member::is_token);
}

std::string scalar_text(const Member& member, const Json& value, std::string_view otherwise) {
  switch (member.shape->kind) {
    case Kind::boolean:
      return value.get<bool>() ? "true" : "false";
    case Kind::integer:
    case Kind::real:
      return value.is_string() ? value.get<std::string>() : value.dump();
    case Kind::blob:
      return base::base64(value.get_ref<const std::string&>());
    case Kind::timestamp: {
      const auto time = *parse_time(value.get_ref<const std::string&>());
      const std::string_view format = member.time_format.empty() ? otherwise : member.time_format;
      return format == "unixTimestamp" ? epoch_seconds(time)
             : format == "rfc822"      ? rfc822(time)
                                       : iso8601(time);
    }
    default:
      return value.get<std::string>();
  }
}

}  // namespace aws
