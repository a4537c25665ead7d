#include "asl/intrinsics.h"

#include <fmt/format.h>

#include <algorithm>

#include "asl/intrinsic_functions.h"
#include "base/error.h"
#include "base/text.h"

namespace asl {
namespace {

using base::Error;

/// Reads an intrinsic from left to right. With a scope it evaluates; without one it only checks the form.
class IntrinsicReader {
 public:
  IntrinsicReader(std::string_view text, const Scope* scope, Entropy& entropy)
      : text_(text), scope_(scope), entropy_(entropy) {}

  Json run() {
    if (!base::is_utf8(text_)) bad("it is not UTF-8");
    spaces();
    Json value = call();
    spaces();
    if (at_ != text_.size()) bad("unexpected text");
    return value;
  }

 private:
  [[noreturn]] void bad(std::string_view why) const {
    throw Error("States.IntrinsicFailure",
                fmt::format("Invalid intrinsic function '{}': {} at position {}", text_, why, at_));
  }
  void spaces() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
  }
  bool take(std::string_view token) {
    if (text_.substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }

  Json call() {
    if (!take("States.")) bad("expected States.");
    const auto open = text_.find('(', at_);
    if (open == std::string_view::npos) bad("expected '('");
    const auto name = text_.substr(at_, open - at_);
    const auto functions = intrinsic_functions();
    const auto found = std::ranges::find(functions, name, &IntrinsicFunction::name);
    if (found == functions.end()) bad(fmt::format("there is no function States.{}", name));
    at_ = open + 1;
    if (++depth_ > most_depth) bad(fmt::format("nested deeper than {} functions", most_depth));
    const auto args = arguments(name == "Format");
    --depth_;
    if (args.size() < found->least || args.size() > found->most) {
      bad(fmt::format("States.{} takes {} arguments, got {}", name, found->least, args.size()));
    }
    return scope_ == nullptr ? Json() : found->call(args, entropy_);
  }

  std::vector<Json> arguments(bool first_is_pattern) {
    std::vector<Json> args;
    spaces();
    if (take(")")) return args;
    while (true) {
      spaces();
      args.push_back(argument(first_is_pattern && args.empty()));
      spaces();
      if (take(")")) return args;
      if (!take(",")) bad("expected ',' or ')'");
    }
  }

  Json argument(bool is_pattern) {
    if (at_ == text_.size()) bad("an argument is missing");
    if (text_[at_] == '\'') return literal(is_pattern);
    if (text_[at_] == '$') return path();
    if (text_.substr(at_, 7) == "States.") return call();
    const auto end = std::min(text_.find_first_of(",) \t\n", at_), text_.size());
    const Json value = Json::parse(text_.substr(at_, end - at_), nullptr, false);
    if (value.is_discarded() || value.is_structured())
      bad("an argument is neither text, number, path nor function");
    at_ = end;
    return value;
  }

  /// `'…'` with the escapes \' \{ \} \\; those of a pattern's braces and backslashes are left to
  /// States.Format.
  Json literal(bool is_pattern) {
    std::string value;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\'') {
        ++at_;
        return value;
      }
      if (text_[at_] == '\\') {
        if (++at_ == text_.size()) break;
        if (is_pattern && text_[at_] != '\'') value += '\\';
      }
      value += text_[at_];
    }
    bad("a text is not closed");
  }

  Json path() {
    const std::size_t begin = at_;
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
      if (c == '[' || c == '(') ++depth;
      if (depth == 0 && (c == ',' || c == ')' || c == ' ')) break;
      if (c == ']' || c == ')') --depth;
    }
    at_ = std::min(at_, text_.size());
    const auto parsed = Path::parse(text_.substr(begin, at_ - begin));
    if (scope_ == nullptr) return {};
    auto value = parsed.select(*scope_);
    if (!value) {
      throw Error("States.Runtime",
                  fmt::format("The JSONPath '{}' specified for the field '{}' could not be found "
                              "in the input '{}'",
                              parsed.text(), text_, scope_->input.dump()));
    }
    return *std::move(value);
  }

  std::string_view text_;
  const Scope* scope_;
  Entropy& entropy_;
  static constexpr int most_depth = 10;  ///< as on AWS
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

std::uint64_t Entropy::next() {  // splitmix64
  seed += 0x9e3779b97f4a7c15;
  std::uint64_t z = seed;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

Json evaluate_intrinsic(std::string_view text, const Scope& scope, Entropy& entropy) {
  return IntrinsicReader(text, &scope, entropy).run();
}

std::string check_intrinsic(std::string_view text) {
  Entropy entropy;
  try {
    IntrinsicReader(text, nullptr, entropy).run();
    return {};
  } catch (const Error& error) {
    return error.message;
  }
}

Json evaluate_value(std::string_view text, std::string_view member, const Scope& scope, Entropy& entropy) {
  if (!text.starts_with('$')) return evaluate_intrinsic(text, scope, entropy);
  auto value = Path::parse(text).select(scope);
  if (!value) {
    throw Error("States.Runtime",
                fmt::format("The JSONPath '{}' specified for the field '{}' could not be found in "
                            "the input '{}'",
                            text, member, scope.input.dump()));
  }
  return *std::move(value);
}

Json evaluate_template(const Json& tmpl, const Scope& scope, Entropy& entropy) {
  if (tmpl.is_array()) {
    Json out = Json::array();
    for (const Json& each : tmpl) out.push_back(evaluate_template(each, scope, entropy));
    return out;
  }
  if (!tmpl.is_object()) return tmpl;
  Json out = Json::object();
  for (const auto& [name, member] : tmpl.items()) {
    if (!name.ends_with(".$")) {
      out[name] = evaluate_template(member, scope, entropy);
    } else {
      if (!member.is_string())
        throw Error("States.Runtime", fmt::format("The value for the field '{}' must be a string", name));
      out[name.substr(0, name.size() - 2)] =
          evaluate_value(member.get_ref<const std::string&>(), name, scope, entropy);
    }
  }
  return out;
}

}  // namespace asl
