// JSONPath as the Amazon States Language uses it (States Language specification, "Paths").
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.h"

namespace asl {

using base::Json;

/// What a path can see: the input (`$`), the context object (`$$`) and the variables (`$name`). Holds no
/// copies: all three must outlive it.
struct Scope {
  const Json& input;
  const Json& context;
  const Json& variables;  ///< an object
};

/// A parsed path. Immutable.
class Path {
 public:
  /// Throws base::Error{"States.Runtime"} that names the text and the position. What is not UTF-8 is no path:
  /// JSON could not hold what it assigns to.
  static Path parse(std::string_view text);

  /// True if it can match one place at the most. An indefinite path yields an array of all its matches.
  bool definite() const;
  /// True if it names a single node by members and indexes alone (specification, "Reference Paths").
  bool reference() const;

  /// What it selects: nothing where a definite path leads nowhere, an array (perhaps empty) where it is
  /// indefinite.
  std::optional<Json> select(const Scope& scope) const;

  /// Puts `value` where this reference path points in `root`, making objects on the way. Throws
  /// States.ResultPathMatchFailure where something that is not an object stands in the way.
  void assign(Json& root, Json value) const;

  const std::string& text() const { return text_; }
  /// In the form of AWS's messages: `$['a'][0]`.
  std::string bracketed() const;

  struct Name {
    std::vector<std::string> names;
  };  ///< one name, or a union of several
  struct Index {
    std::vector<std::int64_t> indexes;
  };
  struct Slice {
    std::optional<std::int64_t> from, to;
    std::int64_t step = 1;
  };
  struct Wildcard {};
  struct Descendant {
    std::string name;
    bool any = false;
  };
  struct Filter {
    std::string expression;
  };
  using Segment = std::variant<Name, Index, Slice, Wildcard, Descendant, Filter>;

 private:
  enum class Root { input, context, variable };
  friend class PathParser;

  std::string text_;
  Root root_ = Root::input;
  std::string variable_;
  std::vector<Segment> segments_;
};

/// Evaluates the inside of `[?(…)]` for one element. Throws States.Runtime for an expression that is not one.
bool filter_matches(std::string_view expression, const Json& element, const Scope& scope);

}  // namespace asl
