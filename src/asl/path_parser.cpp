// The syntax of paths.
#include <fmt/format.h>

#include <charconv>

#include "asl/path.h"
#include "base/error.h"
#include "base/text.h"

namespace asl {

using base::Error;

/// Reads a path from left to right.
class PathParser {
 public:
  explicit PathParser(std::string_view text) : text_(text) {}

  Path run() {
    if (!base::is_utf8(text_)) fail("it is not UTF-8");
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
      // A backslash takes the quote or a backslash as it is; before anything else it is one (as on AWS).
      if (text_[at_] == '\\' && at_ + 1 < text_.size() && (text_[at_ + 1] == quote || text_[at_ + 1] == '\\'))
        ++at_;
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

Path Path::parse(std::string_view text) {
  return PathParser(text).run();
}

}  // namespace asl
