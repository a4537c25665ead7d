#include "base/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/text.h"

template class nlohmann::basic_json<>;
template class std::vector<nlohmann::json>;
template class std::map<std::string, nlohmann::json, std::less<>>;

namespace base {
namespace {

/// Walks `text` and counts the lines it has passed; the lexer reads at most one character past a token.
struct CountingIterator {
  using difference_type = std::ptrdiff_t;
  using value_type = char;
  using pointer = const char*;
  using reference = const char&;
  using iterator_category = std::input_iterator_tag;

  const char* at = nullptr;
  int* line = nullptr;

  const char& operator*() const { return *at; }
  CountingIterator& operator++() {
    if (*at == '\n') ++*line;
    ++at;
    return *this;
  }
  CountingIterator operator++(int) {
    CountingIterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const CountingIterator& other) const { return at == other.at; }
  bool operator!=(const CountingIterator& other) const { return at != other.at; }
};

bool is_deeper(const Json& value, int levels) {
  if (!value.is_structured()) return false;
  return levels == 0 ||
         std::ranges::any_of(value, [&](const Json& child) { return is_deeper(child, levels - 1); });
}

bool is_plain_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
  });
}

}  // namespace

Json parse_json(std::string_view text) {
  try {
    return Json::parse(text, [](int depth, Json::parse_event_t event, const Json&) {
      const bool opens =
          event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start;
      if (opens && depth >= max_json_depth)
        throw Error("InvalidJson", fmt::format("nested deeper than {} levels", max_json_depth));
      return true;
    });
  } catch (const Json::exception& error) {
    throw Error("InvalidJson", error.what());
  }
}

bool is_too_deep(const Json& value) {
  return is_deeper(value, max_json_depth);
}

std::optional<std::int64_t> integer(const Json& value) {
  if (value.is_number_unsigned())
    return std::in_range<std::int64_t>(value.get<std::uint64_t>()) ? std::optional(value.get<std::int64_t>())
                                                                   : std::nullopt;
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (!value.is_number_float()) return std::nullopt;
  const auto real = value.get<double>();
  constexpr double beyond = 9223372036854775808.0;  // 2^63, which a double holds exactly
  if (!(real >= -beyond && real < beyond) || real != std::trunc(real)) return std::nullopt;
  return static_cast<std::int64_t>(real);
}

std::string dump_valid(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json with_valid_text(Json value) {
  if (value.is_string()) return valid_utf8(value.get_ref<const std::string&>());
  if (value.is_array())
    for (Json& each : value) each = with_valid_text(std::move(each));
  if (!value.is_object()) return value;
  Json out = Json::object();
  for (auto& [name, member] : value.items()) out[valid_utf8(name)] = with_valid_text(std::move(member));
  return out;
}

std::string member_path(std::string_view parent, std::string_view name) {
  return is_plain_name(name) ? fmt::format("{}.{}", parent, name) : fmt::format("{}['{}']", parent, name);
}

/// SAX handler: builds the value and notes the line of every member on the way.
class LineReader : public nlohmann::json_sax<Json> {
 public:
  LineReader(LocatedJson& out, const int& line) : out_(out), line_(line) {}

  bool null() override { return put(nullptr); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(number_integer_t value) override { return put(value); }
  bool number_unsigned(number_unsigned_t value) override { return put(value); }
  bool number_float(number_float_t value, const string_t&) override { return put(value); }
  bool string(string_t& value) override { return put(std::move(value)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    Level& level = levels_.back();
    level.key = name;
    const std::string path = member_path(level.path, name);
    if (level.value->contains(name)) {
      out_.problems_.push_back({line_, path,
                                fmt::format("is given twice (first on line {}); the last one would win",
                                            out_.positions_[path].line)});
    }
    out_.positions_[path] = {line_};
    return true;
  }

  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& error) override {
    std::string what = error.what();
    if (auto at = what.find(": "); at != std::string::npos) what = what.substr(at + 2);
    out_.problems_.push_back({line_, "$", "is not valid JSON: " + what});
    return false;
  }

 private:
  struct Level {
    Json* value;
    std::string path;
    std::string key;
  };

  /// Adds `value` where the text has come to; returns where it now stands and under which path.
  Level add(Json value) {
    if (levels_.empty()) {
      out_.value_ = std::move(value);
      out_.positions_["$"] = {line_};
      return {&out_.value_, "$", {}};
    }
    Level& level = levels_.back();
    if (level.value->is_array()) {
      std::string path = fmt::format("{}[{}]", level.path, level.value->size());
      out_.positions_[path] = {line_};
      level.value->push_back(std::move(value));
      return {&level.value->back(), std::move(path), {}};
    }
    Json& slot = (*level.value)[level.key];
    slot = std::move(value);
    return {&slot, member_path(level.path, level.key), {}};
  }
  bool put(Json value) {
    add(std::move(value));
    return true;
  }
  bool open(Json container) {
    if (levels_.size() >= max_depth) {
      out_.problems_.push_back(
          {line_, levels_.back().path, fmt::format("is nested deeper than {} levels", max_depth)});
      return false;
    }
    levels_.push_back(add(std::move(container)));
    return true;
  }
  bool close() {
    levels_.pop_back();
    return true;
  }

  static constexpr std::size_t max_depth = 100;
  LocatedJson& out_;
  const int& line_;
  std::vector<Level> levels_;
};

LocatedJson LocatedJson::parse(std::string_view text) {
  LocatedJson out;
  int line = 1;
  LineReader reader(out, line);
  Json::sax_parse(CountingIterator{text.data(), &line}, CountingIterator{text.data() + text.size(), &line},
                  &reader);
  return out;
}

Position LocatedJson::position_of(std::string_view path) const {
  while (!path.empty()) {
    if (auto found = positions_.find(path); found != positions_.end()) return found->second;
    const auto cut = path.find_last_of(".[");
    path = path.substr(0, cut == std::string_view::npos ? 0 : cut);
  }
  return {};
}

std::string to_string(std::string_view file, const Problem& problem) {
  const std::string column = problem.column == 0 ? "" : fmt::format(":{}", problem.column);
  return fmt::format("{}:{}{}: {}: {}{}", problem.file.empty() ? file : problem.file, problem.line, column,
                     problem.path, problem.warning ? "warning: " : "", problem.message);
}

}  // namespace base
