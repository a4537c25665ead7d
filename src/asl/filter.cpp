// The expressions inside `[?( … )]`: paths on @ and $, literals, comparisons, && || ! and brackets.
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "asl/path.h"
#include "base/error.h"

namespace asl {
namespace {

using base::Error;

/// A recursive descent over one expression, evaluated as it is read.
class FilterReader {
 public:
  FilterReader(std::string_view text, const Json& element, const Scope& scope)
      : text_(text), element_(element), scope_(scope) {}

  bool run() {
    const bool value = any_of();
    spaces();
    if (at_ != text_.size()) fail();
    return value;
  }

 private:
  [[noreturn]] void fail() const {
    throw Error("States.Runtime", fmt::format("Invalid filter expression '{}' at position {}", text_, at_));
  }
  void spaces() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool take(std::string_view token) {
    spaces();
    if (text_.substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }

  bool any_of() {
    bool value = all_of();
    while (take("||")) value = all_of() || value;
    return value;
  }
  bool all_of() {
    bool value = single();
    while (take("&&")) value = single() && value;
    return value;
  }
  bool single() {
    if (++depth_ > most_depth) fail();
    const bool value = negation();
    --depth_;
    return value;
  }
  bool negation() {
    if (take("!") && text_.substr(at_, 1) != "=") return !single();
    if (take("(")) {
      const bool value = any_of();
      if (!take(")")) fail();
      return value;
    }
    return comparison();
  }

  bool comparison() {
    const auto left = operand();
    for (const std::string_view op : {"==", "!=", "<=", ">=", "<", ">"})
      if (take(op)) return compare(left, op, operand());
    return left.has_value();
  }

  static bool compare(const std::optional<Json>& a, std::string_view op, const std::optional<Json>& b) {
    if (op == "==") return a == b;
    if (op == "!=") return a != b;
    if (!a || !b || a->is_number() != b->is_number() || a->is_string() != b->is_string()) return false;
    if (op == "<") return *a < *b;
    if (op == ">") return *b < *a;
    return op == "<=" ? *a <= *b : *b <= *a;
  }

  std::optional<Json> operand() {
    spaces();
    if (at_ == text_.size()) fail();
    const char c = text_[at_];
    if (c == '@' || c == '$') return path(c);
    const std::size_t begin = at_;
    if (c == '\'' || c == '"') {
      std::string value;
      for (++at_; at_ < text_.size() && text_[at_] != c; ++at_) {
        if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
        value += text_[at_];
      }
      if (at_++ == text_.size()) fail();
      return value;
    }
    while (at_ < text_.size() && std::string_view(" )&|=<>!").find(text_[at_]) == std::string_view::npos)
      ++at_;
    Json value = Json::parse(text_.substr(begin, at_ - begin), nullptr, false);
    if (value.is_discarded()) fail();
    return value;
  }

  std::optional<Json> path(char root) {
    const std::size_t begin = ++at_;
    int depth = 0;
    char quote = '\0';
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (quote != '\0') {
        if (c == '\\')
          ++at_;
        else if (c == quote)
          quote = '\0';
        continue;
      }
      if ((c == '\'' || c == '"') && depth > 0) quote = c;
      if (c == '[') ++depth;
      if (c == ']') --depth;
      if (depth == 0 && std::string_view(" )&|=<>!").find(c) != std::string_view::npos) break;
    }
    at_ = std::min(at_, text_.size());
    const auto parsed = Path::parse("$" + std::string(text_.substr(begin, at_ - begin)));
    return parsed.select(root == '@' ? Scope{element_, scope_.context, scope_.variables} : scope_);
  }

  static constexpr int most_depth = 100;
  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  const Json& element_;
  const Scope& scope_;
};

}  // namespace

bool filter_matches(std::string_view expression, const Json& element, const Scope& scope) {
  return FilterReader(expression, element, scope).run();
}

}  // namespace asl
