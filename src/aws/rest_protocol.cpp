// REST: members in the path, the query and headers; the rest, or one member, is the body.
#include <fmt/format.h>

#include <algorithm>

#include "aws/input.h"
#include "aws/protocols.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/text.h"

namespace aws {
namespace {

using base::Json;

std::string wire_name(const Member& member) {
  return member.wire.empty() ? member.name : member.wire;
}

/// `/{Bucket}/{Key+}` with its labels filled in; `+` keeps slashes.
std::string filled(const std::string& uri, const Shape& shape, const Json& input) {
  std::string out;
  for (std::size_t at = 0; at < uri.size();) {
    const auto open = uri.find('{', at), close = uri.find('}', at);
    out += uri.substr(at, std::min(open, uri.size()) - at);
    if (open == std::string::npos) break;
    std::string label = uri.substr(open + 1, close - open - 1);
    const bool greedy = label.ends_with('+');
    if (greedy) label.pop_back();
    for (const auto& member : shape.members)
      if (member.place == Place::uri && wire_name(member) == label && input.contains(member.name))
        out += base::percent_encode(scalar_text(member, input[member.name], "iso8601"), greedy ? "/" : "");
    at = close + 1;
  }
  return out;
}

void add_query(const Member& member, const Json& value, Pairs& query) {
  if (member.shape->kind == Kind::list) {
    for (const auto& each : value)
      query.emplace_back(wire_name(member), scalar_text(member.shape->element, each, "iso8601"));
  } else if (member.shape->kind == Kind::map) {
    for (const auto& [key, each] : value.items())
      for (const auto& one : each.is_array() ? each : Json::array({each}))
        query.emplace_back(key, one.get<std::string>());
  } else {
    query.emplace_back(wire_name(member), scalar_text(member, value, "iso8601"));
  }
}

void add_header(const Member& member, const Json& value, Pairs& headers) {
  if (member.place == Place::headers) {
    for (const auto& [key, each] : value.items())
      headers.emplace_back(wire_name(member) + key, each.get<std::string>());
  } else if (member.shape->kind == Kind::list) {
    std::vector<std::string> parts;
    for (const auto& each : value) parts.push_back(scalar_text(member.shape->element, each, "rfc822"));
    if (!parts.empty()) headers.emplace_back(wire_name(member), base::join(parts, ", "));
  } else {
    headers.emplace_back(wire_name(member), scalar_text(member, value, "rfc822"));
  }
}

/// What the model's path has after `?`.
void split_uri(Request& request) {
  const auto mark = request.path.find('?');
  if (mark == std::string::npos) return;
  for (const auto& part : base::split_list(request.path.substr(mark + 1), '&')) {
    const auto equals = part.find('=');
    request.query.emplace_back(part.substr(0, equals),
                               equals == std::string::npos ? "" : part.substr(equals + 1));
  }
  request.path.resize(mark);
}

void write_json_body(const Shape& shape, const Member* payload, const Json& input, Request& request) {
  const bool has_body = payload != nullptr ? input.contains(payload->name)
                                           : std::ranges::any_of(shape.members, [](const Member& member) {
                                               return member.place == Place::body;
                                             });
  if (!has_body) return;
  request.headers.emplace_back("Content-Type", "application/json");
  request.body = base::dump_valid(payload != nullptr ? written_members(*payload->shape, input[payload->name])
                                                     : written_members(shape, input));
}

void write_body(const Service& service, const Operation& operation, const Json& input, Request& request) {
  const Shape& shape = *operation.input.shape;
  const Member* payload = shape.payload.empty() ? nullptr : shape.find(shape.payload);
  if (payload != nullptr && payload->shape->kind != Kind::structure) {
    if (input.contains(payload->name)) request.body = input[payload->name].get<std::string>();
    return;
  }
  if (service.protocol == Protocol::rest_json) {
    write_json_body(shape, payload, input, request);
    return;
  }
  for (const auto& member : shape.members)
    if (member.place == Place::body && input.contains(member.name))
      throw base::Error("UnsupportedOperation", fmt::format("{} {}: '{}' would be a structure in an XML body",
                                                            service.name, operation.name, member.name));
}

Json header_value(const Member& member, std::string_view text) {
  if (member.shape->kind != Kind::list) return scalar_value(member, std::string(text));
  Json out = Json::array();
  for (const auto& part : base::split_list(text)) out.push_back(scalar_value(member.shape->element, part));
  return out;
}

void read_header(const Member& member, const os::HttpResponse& response, Json& out) {
  if (member.place == Place::status) out[member.name] = response.status;
  if (member.place == Place::headers) {
    out[member.name] = Json::object();
    const std::string prefix = base::lower(wire_name(member));
    for (const auto& [name, value] : response.headers)
      if (name.starts_with(prefix)) out[member.name][name.substr(prefix.size())] = value;
  }
  const auto value = response.header(base::lower(wire_name(member)));
  if (member.place == Place::header && !value.empty()) out[member.name] = header_value(member, value);
}

Json body_value(const Service& service, const Member& member, const std::string& body) {
  if (service.protocol == Protocol::rest_xml) return read_xml_structure(member, body);
  return base::trim(body).empty() ? Json::object() : json_value(member, base::parse_json(body));
}

}  // namespace

Request write_rest(const Service& service, const Operation& operation, const Json& input) {
  Request request;
  request.method = operation.method;
  request.path = operation.uri;
  split_uri(request);
  if (operation.input.shape == nullptr) return request;
  request.path = filled(request.path, *operation.input.shape, input);
  for (const auto& member : operation.input.shape->members) {
    if (!input.contains(member.name)) continue;
    if (member.place == Place::query) add_query(member, input[member.name], request.query);
    if (member.place == Place::header || member.place == Place::headers)
      add_header(member, input[member.name], request.headers);
  }
  write_body(service, operation, input, request);
  return request;
}

Json read_rest(const Service& service, const Operation& operation, const os::HttpResponse& response) {
  Json out = Json::object();
  const Shape* shape = operation.output.shape;
  if (shape == nullptr) return out;
  const Member* payload = shape->payload.empty() ? nullptr : shape->find(shape->payload);
  if (payload == nullptr) {
    if (!base::trim(response.body).empty()) out = body_value(service, operation.output, response.body);
  } else if (payload->shape->kind != Kind::structure) {
    out[payload->name] = response.body;
  } else if (!base::trim(response.body).empty()) {
    out[payload->name] = body_value(service, *payload, response.body);
  }
  for (const auto& member : shape->members)
    if (member.place != Place::body) read_header(member, response, out);
  return out;
}

}  // namespace aws
