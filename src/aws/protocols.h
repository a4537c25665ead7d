// The parts of protocol.h, one protocol each.
#pragma once

#include "aws/protocol.h"

namespace aws {

Request write_query(const Service& service, const Operation& operation, const base::Json& input);
Request write_json(const Service& service, const Operation& operation, const base::Json& input);
Request write_rest(const Service& service, const Operation& operation, const base::Json& input);

/// An empty body, or another document, is no answer: read as an output it would say that nothing is there.
/// Operations without an output may answer what they like.
base::Json read_xml(const Service& service, const Operation& operation, std::string_view body);
base::Json read_json(const Operation& operation, std::string_view body);
/// Members from headers and status too.
base::Json read_rest(const Service& service, const Operation& operation, const os::HttpResponse& response);

Refusal read_xml_refusal(std::string_view body);
Refusal read_json_refusal(const os::HttpResponse& response);

/// A structure of an XML body or a JSON one, without members that stand elsewhere.
base::Json read_xml_structure(const Member& member, std::string_view body);
/// A structure for a JSON body, likewise.
base::Json written_members(const Shape& shape, const base::Json& value);
base::Json json_value(const Member& member, const base::Json& value);
/// A scalar as a header or an XML text has it.
base::Json scalar_value(const Member& member, const std::string& text);

}  // namespace aws
