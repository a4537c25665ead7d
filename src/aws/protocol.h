// How a call is written as a request, and an answer read: one file a protocol. Botocore's tests of the
// protocols (tests/aws/protocols) say what is right.
#pragma once

#include <optional>
#include <string>

#include "aws/model.h"
#include "aws/request.h"

namespace aws {

/// What a service answered instead of an output.
struct Refusal {
  std::string code;     ///< as on the wire, without namespaces; "" where the body does not say
  std::string message;  ///< for people; may be ""
  std::string request_id;
};

/// `input` is as checked_input() gives it.
Request write_request(const Service& service, const Operation& operation, const base::Json& input);

/// What the query protocol sends: names and values, not encoded.
Pairs query_form(const Service& service, const Operation& operation, const base::Json& input);

/// The output; numbers, lists and times as api.h says, unknown members left out. Throws
/// base::Error{"InvalidResponse"} for what is not of the protocol.
base::Json read_response(const Service& service, const Operation& operation,
                         const os::HttpResponse& response);

/// Never throws for what an answer is made of: a proxy's HTML has no code.
Refusal read_refusal(const Service& service, const os::HttpResponse& response);

/// The request's id where a header has it.
std::string request_id(const os::HttpResponse& response);

}  // namespace aws
