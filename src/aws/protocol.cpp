#include "aws/protocol.h"

#include <fmt/format.h>

#include "aws/protocols.h"
#include "aws/timestamp.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/text.h"

namespace aws {
namespace {

using base::Json;

template <typename Number>
Json number(const std::string& text) {
  if (text == "NaN" || text == "Infinity" || text == "-Infinity") return text;
  std::size_t used = 0;
  try {
    Json out;
    if constexpr (std::is_integral_v<Number>)
      out = std::stoll(text, &used);
    else
      out = std::stod(text, &used);
    if (used == text.size()) return out;
  } catch (const std::exception&) {
    used = 0;
  }
  throw base::Error("InvalidResponse", fmt::format("'{}' in the answer is no number", base::tail(text, 40)));
}

}  // namespace

Json scalar_value(const Member& member, const std::string& text) {
  switch (member.shape->kind) {
    case Kind::integer:
      return number<long long>(text);
    case Kind::real:
      return number<double>(text);
    case Kind::boolean:
      return text == "true";
    case Kind::blob:
      return base::from_base64(text).value_or(text);
    case Kind::timestamp: {
      const auto time = parse_time(text);
      return time ? iso8601(*time) : text;
    }
    default:
      return text;
  }
}

Request write_request(const Service& service, const Operation& operation, const Json& input) {
  switch (service.protocol) {
    case Protocol::query:
    case Protocol::ec2:
      return write_query(service, operation, input);
    case Protocol::json:
      return write_json(service, operation, input);
    case Protocol::rest_json:
    case Protocol::rest_xml:
      return write_rest(service, operation, input);
  }
  return {};
}

Json read_response(const Service& service, const Operation& operation, const os::HttpResponse& response) {
  switch (service.protocol) {
    case Protocol::query:
    case Protocol::ec2:
      return read_xml(service, operation, response.body);
    case Protocol::json:
      return read_json(operation, response.body);
    case Protocol::rest_json:
    case Protocol::rest_xml:
      return read_rest(service, operation, response);
  }
  return {};
}

std::string request_id(const os::HttpResponse& response) {
  for (const char* name : {"x-amzn-requestid", "x-amz-request-id", "x-amzn-request-id"})
    if (const auto value = response.header(name); !value.empty()) return std::string(value);
  return "";
}

Refusal read_refusal(const Service& service, const os::HttpResponse& response) {
  const bool is_json = service.protocol == Protocol::json || service.protocol == Protocol::rest_json;
  Refusal out = is_json ? read_json_refusal(response) : read_xml_refusal(response.body);
  if (out.request_id.empty()) out.request_id = request_id(response);
  return out;
}

}  // namespace aws
