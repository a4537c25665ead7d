// YAML, as people write configuration in it.
#pragma once

#include "base/json.h"

namespace shortfile {

using base::Json;

/// Reads one document of YAML 1.2's core schema; JSON is YAML. Plain `true`, `12`, `1.5`, `null` are values,
/// every other scalar is text (`no` and `on` too). Syntax errors, members given twice, names that are no
/// text, anchors, aliases, tags, a second document and nesting beyond 100 levels become problems, with line
/// and column; then `value()` may be partial. Never throws for what the text says.
base::LocatedJson parse_yaml(std::string_view text);

/// `value` as YAML that parse_yaml() reads back: two spaces of indent, members in the order of `value`
/// (ordered, so that a file begins with what it is about), short lists on one line.
std::string dump_yaml(const nlohmann::ordered_json& value);

}  // namespace shortfile
