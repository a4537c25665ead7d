// The JSON value used everywhere, and the way to read one together with the line each member stands on.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace base {

using Json = nlohmann::json;

/// One thing wrong with a document: where it stands (1-based line; 0 = nowhere in particular), the JSONPath
/// of the member, and a message that names the value.
struct Problem {
  int line = 0;
  std::string path;
  std::string message;
  bool warning = false;

  bool operator==(const Problem&) const = default;
};

/// A JSON text with the line of every member. Paths look like `$.restore.check.torun` and `$.a[0]`.
class LocatedJson {
 public:
  /// Parses `text`. Syntax errors and members given twice become problems; then `value()` may be partial.
  static LocatedJson parse(std::string_view text);

  const Json& value() const { return value_; }
  const std::vector<Problem>& problems() const { return problems_; }
  /// The line of `path`, or of its nearest ancestor that has one.
  int line_of(std::string_view path) const;

 private:
  friend class LineReader;
  Json value_;
  std::map<std::string, int, std::less<>> lines_;
  std::vector<Problem> problems_;
};

/// `file:line: path: message`, the form that editors jump to.
std::string to_string(std::string_view file, const Problem& problem);

/// `parent.name`, or `parent['name']` where the name needs quoting.
std::string member_path(std::string_view parent, std::string_view name);

}  // namespace base
