// What goes into a call, checked before it goes anywhere.
#pragma once

#include <string>

#include "aws/model.h"

namespace aws {

/// `input` with the tokens that make a repeated request one request, where the caller gave none.
/// Throws base::Error: `UnknownMember` (with what is near), `MissingMember`, `InvalidMember` (another kind
/// of value than the model's). The message names service, operation and path; never a value.
base::Json checked_input(const Service& service, const Operation& operation, const base::Json& input);

/// A request of this operation can be sent twice and is carried out once: it has a token.
bool has_token(const Operation& operation);

/// A scalar as text, for forms, headers and paths. `otherwise` is the time format where the model has none.
std::string scalar_text(const Member& member, const base::Json& value, std::string_view otherwise);

}  // namespace aws
