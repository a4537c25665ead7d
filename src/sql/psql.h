// Scripts as psql takes them. For script.cpp.
#pragma once

#include <optional>

#include "sql/script.h"

namespace sql {

/// `lines` are the statements if the script could be of the form `lines`: it is, if no semicolon ends any.
/// Throws ScriptError as parse_script() does.
Script parse_psql(std::string_view text, std::optional<std::vector<Statement>> lines);

}  // namespace sql
