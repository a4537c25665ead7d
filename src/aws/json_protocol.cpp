// JSON 1.0 and 1.1: the operation in a header, the input as it is but for times and blobs.
#include <fmt/format.h>

#include "aws/input.h"
#include "aws/protocols.h"
#include "aws/timestamp.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/text.h"

namespace aws {
namespace {

using base::Json;

Json written(const Member& member, const Json& value);

Json written_time(const Member& member, const Json& value) {
  const std::string text = scalar_text(member, value, "unixTimestamp");
  if (!member.time_format.empty() && member.time_format != "unixTimestamp") return text;
  return base::parse_json(text);
}

Json written(const Member& member, const Json& value) {
  const Shape& shape = *member.shape;
  Json out = Json::array();
  switch (shape.kind) {
    case Kind::structure:
      return written_members(shape, value);
    case Kind::timestamp:
      return written_time(member, value);
    case Kind::blob:
      return base::base64(value.get_ref<const std::string&>());
    case Kind::list:
      for (const auto& each : value) out.push_back(written(shape.element, each));
      return out;
    case Kind::map:
      out = Json::object();
      for (const auto& [key, each] : value.items()) out[key] = written(shape.element, each);
      return out;
    default:
      return value;
  }
}

Json read_members(const Shape& shape, const Json& value) {
  Json out = Json::object();
  for (const auto& member : shape.members) {
    const auto at = value.find(member.wire.empty() ? member.name : member.wire);
    if (at != value.end() && !at->is_null()) out[member.name] = json_value(member, *at);
  }
  return out;
}

[[noreturn]] void refuse(const Member& member, const Json& value) {
  const std::string given = value.is_number() ? value.dump() : value.type_name();
  throw base::Error("InvalidResponse", fmt::format("'{}' in the answer is {}", member.name, given));
}

/// As its kind has it, whatever the service writes: emulators write numbers as texts, and texts as numbers.
Json read_scalar(const Member& member, const Json& value) {
  const Kind kind = member.shape->kind;
  if (value.is_structured() || value.is_null()) refuse(member, value);
  if (kind == Kind::boolean && !value.is_boolean()) refuse(member, value);
  if (kind == Kind::boolean || (kind == Kind::real && value.is_number())) return value;
  if (kind == Kind::integer && value.is_number()) {
    if (const auto whole = base::integer(value)) return *whole;
    refuse(member, value);
  }
  return scalar_value(member, value.is_string() ? value.get<std::string>() : value.dump());
}

}  // namespace

Json written_members(const Shape& shape, const Json& value) {
  Json out = Json::object();
  for (const auto& member : shape.members)
    if (member.place == Place::body && value.contains(member.name))
      out[member.wire.empty() ? member.name : member.wire] = written(member, value[member.name]);
  return out;
}

Json json_value(const Member& member, const Json& value) {
  const Shape& shape = *member.shape;
  const bool is_list = shape.kind == Kind::list, is_map = shape.kind == Kind::map;
  if (!is_list && !is_map && shape.kind != Kind::structure) return read_scalar(member, value);
  if (is_list ? !value.is_array() : !value.is_object()) refuse(member, value);
  if (shape.kind == Kind::structure) return read_members(shape, value);
  Json out = is_list ? Json::array() : Json::object();
  if (is_list)
    for (const auto& each : value) out.push_back(each.is_null() ? Json() : json_value(shape.element, each));
  else
    for (const auto& [key, each] : value.items())
      if (!each.is_null()) out[key] = json_value(shape.element, each);
  return out;
}

Request write_json(const Service& service, const Operation& operation, const Json& input) {
  Request request;
  request.path = operation.uri;
  request.headers = {{"Content-Type", "application/x-amz-json-" + service.json_version},
                     {"X-Amz-Target", service.target_prefix + "." + operation.name}};
  request.body = operation.input.shape == nullptr
                     ? "{}"
                     : base::dump_valid(written_members(*operation.input.shape, input));
  return request;
}

Json read_json(const Operation& operation, std::string_view body) {
  if (operation.output.shape == nullptr || operation.output.shape->members.empty()) return Json::object();
  const Json value = Json::parse(body, nullptr, false);
  if (!value.is_object()) throw base::Error("InvalidResponse", "the answer is no JSON object");
  return json_value(operation.output, value);
}

Refusal read_json_refusal(const os::HttpResponse& response) {
  Refusal out;
  const auto name = [](std::string_view code) {  // "com.amazon#NotFound:http://…" is NotFound
    code = code.substr(0, code.find(':'));
    return std::string(code.substr(code.rfind('#') + 1));
  };
  out.code = name(response.header("x-amzn-errortype"));
  const Json body = Json::parse(response.body, nullptr, false);
  if (!body.is_object()) return out;
  const auto text = [&](const char* member) {
    const auto at = body.find(member);
    return at != body.end() && at->is_string() ? at->get<std::string>() : std::string();
  };
  for (const char* member : {"__type", "code", "Code"})
    if (out.code.empty()) out.code = name(text(member));
  for (const char* member : {"message", "Message", "errorMessage"})
    if (out.message.empty()) out.message = text(member);
  return out;
}

}  // namespace aws
