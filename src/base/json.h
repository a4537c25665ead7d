// The JSON value used everywhere, and the way to read one together with the line each member stands on.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Instantiated once, in json.cpp: every file would compile what it uses of them anew.
extern template class nlohmann::basic_json<>;
extern template class std::vector<nlohmann::json>;
extern template class std::map<std::string, nlohmann::json, std::less<>>;

namespace base {

using Json = nlohmann::json;

/// How deep a value may be nested: walks over it recurse (so do nlohmann's).
inline constexpr int max_json_depth = 1000;
/// Reads a JSON text. Throws base::Error{"InvalidJson"} for one that is none or nested deeper than that.
Json parse_json(std::string_view text);
/// Is `value` nested deeper than max_json_depth?
bool is_too_deep(const Json& value);
/// `value` where it is a whole number that 64 bits with a sign hold. nlohmann's get<std::int64_t>() wraps
/// what is larger, and is undefined for such a fraction.
std::optional<std::int64_t> integer(const Json& value);
/// Never throws: what is not UTF-8 becomes U+FFFD.
std::string dump_valid(const Json& value);
/// `value` with valid_utf8() of all its texts and names.
Json with_valid_text(Json value);

/// One thing wrong with a document: where it stands (1-based line; 0 = nowhere in particular), the JSONPath
/// of the member, and a message that names the value.
struct Problem {
  int line = 0;
  std::string path;
  std::string message;
  bool warning = false;
  int column = 0;    ///< 1-based, in characters; 0: not known
  std::string file;  ///< "": the document itself; else one that it includes

  bool operator==(const Problem&) const = default;
};

/// Where something stands, as a Problem says it.
struct Position {
  int line = 0, column = 0;
  std::string file = {};
};

/// A value with the place of every member. Paths look like `$.restore.check.torun` and `$.a[0]`.
class LocatedJson {
 public:
  /// Parses `text`. Syntax errors, members given twice and nesting beyond 100 levels become problems; then
  /// `value()` may be partial.
  static LocatedJson parse(std::string_view text);
  LocatedJson() = default;
  /// One that was put together. `positions` by path.
  LocatedJson(Json value, std::map<std::string, Position, std::less<>> positions,
              std::vector<Problem> problems = {})
      : value_(std::move(value)), positions_(std::move(positions)), problems_(std::move(problems)) {}

  const Json& value() const { return value_; }
  const std::vector<Problem>& problems() const { return problems_; }
  /// Where `path` stands, or its nearest ancestor that has a place.
  Position position_of(std::string_view path) const;
  int line_of(std::string_view path) const { return position_of(path).line; }
  const std::map<std::string, Position, std::less<>>& positions() const { return positions_; }

 private:
  friend class LineReader;
  Json value_;
  std::map<std::string, Position, std::less<>> positions_;
  std::vector<Problem> problems_;
};

/// `file:line: path: message`, or `file:line:column: …`, the forms that editors jump to.
std::string to_string(std::string_view file, const Problem& problem);

/// `parent.name`, or `parent['name']` where the name needs quoting.
std::string member_path(std::string_view parent, std::string_view name);

}  // namespace base
