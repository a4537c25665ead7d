#include "asl/path.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/error.h"

namespace asl {

using base::Error;

/// Reads a path from left to right.
class PathParser {
 public:
  explicit PathParser(std::string_view text) : text_(text) {}

  Path run() {
    Path path;
    path.text_ = text_;
    root(path);
    while (at_ < text_.size()) path.segments_.push_back(segment());
    return path;
  }

 private:
  [[noreturn]] void fail(std::string_view why) const {
    throw Error("States.Runtime", fmt::format("Invalid path '{}': {} at position {}", text_, why, at_));
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(std::string_view token) {
    if (text_.substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }
  void spaces() {
    while (peek() == ' ') ++at_;
  }

  void root(Path& path) {
    if (!take("$")) fail("it does not start with $");
    if (take("$")) {
      path.root_ = Path::Root::context;
    } else if (at_ < text_.size() && peek() != '.' && peek() != '[') {
      path.root_ = Path::Root::variable;
      path.variable_ = bare_name();
    }
  }

  Path::Segment segment() {
    if (take("..")) {
      if (take("*")) return Path::Descendant{{}, true};
      if (peek() == '[') {
        const auto inside = bracket();
        if (std::holds_alternative<Path::Wildcard>(inside)) return Path::Descendant{{}, true};
        const auto* name = std::get_if<Path::Name>(&inside);
        if (name == nullptr || name->names.size() != 1) fail("only a name or * may follow ..");
        return Path::Descendant{name->names[0]};
      }
      return Path::Descendant{bare_name()};
    }
    if (take(".")) {
      if (take("*")) return Path::Wildcard{};
      return Path::Name{{bare_name()}};
    }
    if (peek() == '[') return bracket();
    fail("expected '.' or '['");
  }

  /// A name after a dot; a backslash takes the next character as it is.
  std::string bare_name() {
    std::string name;
    for (; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (c == '.' || c == '[' || c == ' ' || c == '(' || c == ')' || c == ',') break;
      if (c == '\\') {
        if (++at_ == text_.size()) fail("a backslash ends it");
        c = text_[at_];
      }
      name += c;
    }
    if (name.empty()) fail("a name is missing");
    return name;
  }

  std::string quoted_name() {
    const char quote = text_[at_++];
    std::string name;
    while (at_ < text_.size() && text_[at_] != quote) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      name += text_[at_++];
    }
    if (at_ == text_.size()) fail("a quoted name is not closed");
    ++at_;
    return name;
  }

  std::optional<std::int64_t> number() {
    spaces();
    std::int64_t value = 0;
    const char* begin = text_.data() + at_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (error != std::errc{}) return std::nullopt;
    at_ += static_cast<std::size_t>(end - begin);
    spaces();
    return value;
  }

  Path::Segment bracket() {
    take("[");
    spaces();
    Path::Segment inside;
    if (take("*")) {
      inside = Path::Wildcard{};
    } else if (peek() == '?') {
      inside = filter();
    } else if (peek() == '\'' || peek() == '"') {
      inside = names();
    } else {
      inside = indexes();
    }
    spaces();
    if (!take("]")) fail("expected ']'");
    return inside;
  }

  Path::Segment names() {
    Path::Name name;
    do {
      spaces();
      if (peek() != '\'' && peek() != '"') fail("expected a quoted name");
      name.names.push_back(quoted_name());
      spaces();
    } while (take(","));
    return name;
  }

  Path::Segment indexes() {
    const auto first = number();
    if (take(":")) {
      Path::Slice slice{first, number()};
      if (take(":")) slice.step = number().value_or(1);
      if (slice.step <= 0) fail("a slice needs a positive step");
      return slice;
    }
    if (!first) fail("expected an index, a name, a slice, * or a filter");
    Path::Index index{{*first}};
    while (take(",")) {
      const auto next = number();
      if (!next) fail("expected an index");
      index.indexes.push_back(*next);
    }
    return index;
  }

  Path::Segment filter() {
    if (!take("?(")) fail("expected ?(");
    const std::size_t begin = at_;
    int depth = 1;
    for (char quote = '\0'; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (quote != '\0') {
        if (c == '\\')
          ++at_;
        else if (c == quote)
          quote = '\0';
      } else if (c == '\'' || c == '"') {
        quote = c;
      } else if (c == '(') {
        ++depth;
      } else if (c == ')' && --depth == 0) {
        return Path::Filter{std::string(text_.substr(begin, at_++ - begin))};
      }
    }
    fail("a filter is not closed");
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

namespace {

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

using Nodes = std::vector<const Json*>;

void children_of(const Json& node, Nodes& out) {
  if (!node.is_structured()) return;
  for (const Json& child : node) out.push_back(&child);
}

void descend(const Json& node, const Path::Descendant& wanted, Nodes& out) {
  if (wanted.any) {
    children_of(node, out);
  } else if (node.is_object() && node.contains(wanted.name)) {
    out.push_back(&node[wanted.name]);
  }
  if (!node.is_structured()) return;
  for (const Json& child : node) descend(child, wanted, out);
}

std::optional<std::size_t> resolve_index(const Json& array, std::int64_t index) {
  const auto size = static_cast<std::int64_t>(array.size());
  if (index < 0) index += size;
  if (index < 0 || index >= size) return std::nullopt;
  return static_cast<std::size_t>(index);
}

void slice_of(const Json& node, const Path::Slice& slice, Nodes& out) {
  if (!node.is_array()) return;
  const auto size = static_cast<std::int64_t>(node.size());
  auto bound = [size](std::int64_t at) { return std::clamp<std::int64_t>(at < 0 ? at + size : at, 0, size); };
  const auto to = bound(slice.to.value_or(size));
  for (auto i = bound(slice.from.value_or(0)); i < to; i += slice.step)
    out.push_back(&node[static_cast<std::size_t>(i)]);
}

void follow(const Json& node, const Path::Segment& segment, const Scope& scope, Nodes& out) {
  std::visit(Overloaded{
                 [&](const Path::Name& name) {
                   if (!node.is_object()) return;
                   for (const auto& each : name.names)
                     if (auto found = node.find(each); found != node.end()) out.push_back(&*found);
                 },
                 [&](const Path::Index& index) {
                   if (!node.is_array()) return;
                   for (const auto each : index.indexes)
                     if (const auto at = resolve_index(node, each)) out.push_back(&node[*at]);
                 },
                 [&](const Path::Slice& slice) { slice_of(node, slice, out); },
                 [&](const Path::Wildcard&) { children_of(node, out); },
                 [&](const Path::Descendant& wanted) { descend(node, wanted, out); },
                 [&](const Path::Filter& filter) {
                   Nodes candidates;
                   if (node.is_array())
                     children_of(node, candidates);
                   else
                     candidates.push_back(&node);
                   for (const Json* each : candidates)
                     if (filter_matches(filter.expression, *each, scope)) out.push_back(each);
                 },
             },
             segment);
}

bool is_definite(const Path::Segment& segment) {
  if (const auto* name = std::get_if<Path::Name>(&segment)) return name->names.size() == 1;
  if (const auto* index = std::get_if<Path::Index>(&segment)) return index->indexes.size() == 1;
  return false;
}

}  // namespace

Path Path::parse(std::string_view text) {
  return PathParser(text).run();
}

bool Path::definite() const {
  return std::ranges::all_of(segments_, is_definite);
}

bool Path::reference() const {
  return definite() && std::ranges::none_of(segments_, [](const Segment& segment) {
           const auto* index = std::get_if<Index>(&segment);
           return index != nullptr && index->indexes[0] < 0;
         });
}

std::optional<Json> Path::select(const Scope& scope) const {
  const Json* root = root_ == Root::context ? &scope.context : &scope.input;
  if (root_ == Root::variable) {
    const auto found = scope.variables.find(variable_);
    if (found == scope.variables.end()) return std::nullopt;
    root = &*found;
  }
  Nodes nodes{root};
  for (const Segment& segment : segments_) {
    Nodes next;
    for (const Json* node : nodes) follow(*node, segment, scope, next);
    nodes = std::move(next);
  }
  if (definite()) return nodes.empty() ? std::nullopt : std::optional<Json>(*nodes[0]);
  Json matches = Json::array();
  for (const Json* node : nodes) matches.push_back(*node);
  return matches;
}

void Path::assign(Json& root, Json value) const {
  auto refuse = [&]() -> Error {
    return {"States.ResultPathMatchFailure",
            fmt::format("Unable to apply ReferencePath {} to input {}", text_, root.dump())};
  };
  Json* node = &root;
  for (const Segment& segment : segments_) {
    if (const auto* name = std::get_if<Name>(&segment)) {
      if (node->is_null() && node != &root) *node = Json::object();
      if (!node->is_object()) throw refuse();
      node = &(*node)[name->names.at(0)];
    } else if (const auto* index = std::get_if<Index>(&segment)) {
      if (!node->is_array()) throw refuse();
      const auto at = resolve_index(*node, index->indexes.at(0));
      if (!at) throw refuse();
      node = &(*node)[*at];
    } else {
      throw refuse();
    }
  }
  *node = std::move(value);
}

std::string Path::bracketed() const {
  std::string out = root_ == Root::context ? "$$" : root_ == Root::variable ? "$" + variable_ : "$";
  for (const Segment& segment : segments_) {
    if (const auto* name = std::get_if<Name>(&segment)) {
      for (const auto& each : name->names) out += fmt::format("['{}']", each);
    } else if (const auto* index = std::get_if<Index>(&segment)) {
      out += fmt::format("[{}]", index->indexes[0]);
    } else {
      return text_;
    }
  }
  return out;
}

}  // namespace asl
