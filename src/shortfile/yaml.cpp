#include "shortfile/yaml.h"

#include <fmt/format.h>
#include <yaml.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace shortfile {
namespace {

using base::Position;
using base::Problem;

constexpr std::size_t deepest = 100;

/// A number of YAML's core schema (10.3.2), in decimal; nothing for any other text. Numbers that JSON could
/// not write (`.inf`, `0x1f`, `007`) are text.
std::optional<Json> number_of(std::string_view text) {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  if (digits.empty() || digits[0] < '0' || digits[0] > '9') return std::nullopt;
  if (digits.size() > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9') return std::nullopt;
  std::int64_t whole = 0;
  const char* end = text.data() + text.size();
  if (const auto read = std::from_chars(text.data(), end, whole); read.ptr == end && read.ec == std::errc())
    return Json(whole);
  double real = 0;
  if (const auto read = std::from_chars(text.data(), end, real); read.ptr == end && read.ec == std::errc())
    return Json(real);
  return std::nullopt;
}

Json plain_value(std::string_view text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return nullptr;
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  if (auto number = number_of(text)) return *std::move(number);
  return std::string(text);
}

std::string_view text_in(const yaml_char_t* value, std::size_t size) {
  return {reinterpret_cast<const char*>(value), size};  // libyaml's bytes are unsigned
}

/// One event of libyaml, freed at its end.
class Event {
 public:
  explicit Event(yaml_parser_t& parser) : good_(yaml_parser_parse(&parser, &event_) == 1) {}
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() {
    if (good_) yaml_event_delete(&event_);
  }
  bool good() const { return good_; }
  const yaml_event_t& operator*() const { return event_; }

 private:
  yaml_event_t event_{};
  bool good_;
};

Position position_of(const yaml_mark_t& mark) {
  return {.line = static_cast<int>(mark.line) + 1, .column = static_cast<int>(mark.column) + 1};
}

/// Builds the value from events, and notes where every member stands.
class YamlReader {
 public:
  explicit YamlReader(std::string_view text) {
    yaml_parser_initialize(&parser_);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  }
  YamlReader(const YamlReader&) = delete;
  YamlReader& operator=(const YamlReader&) = delete;
  ~YamlReader() { yaml_parser_delete(&parser_); }

  base::LocatedJson read() && {
    while (next()) {
    }
    return {std::move(value_), std::move(positions_), std::move(problems_)};
  }

 private:
  struct Level {
    Json* value;
    std::string path;
    std::optional<std::string> key;  ///< of a mapping, once it is read
  };

  /// False at the end, or where nothing more can be read.
  bool next() {
    const Event event(parser_);
    if (!event.good()) return stop(syntax_error());
    const Position at = position_of((*event).start_mark);
    switch ((*event).type) {
      case YAML_STREAM_END_EVENT:
        return false;
      case YAML_DOCUMENT_START_EVENT:
        if (documents_++ == 0) return true;
        return stop({at.line, "$", "begins a second document: one is read", false, at.column});
      case YAML_ALIAS_EVENT:
        problem(at, "is an alias, which is not read: write the value itself");
        return wants_key() ? key(std::string(), at) : put(nullptr, at);
      case YAML_SCALAR_EVENT:
        return scalar((*event).data.scalar, at);
      case YAML_MAPPING_START_EVENT:
        refuse_marks(at, (*event).data.mapping_start.anchor, (*event).data.mapping_start.tag);
        return open(Json::object(), at);
      case YAML_SEQUENCE_START_EVENT:
        refuse_marks(at, (*event).data.sequence_start.anchor, (*event).data.sequence_start.tag);
        return open(Json::array(), at);
      case YAML_MAPPING_END_EVENT:
      case YAML_SEQUENCE_END_EVENT:
        levels_.pop_back();
        return true;
      default:
        return true;
    }
  }

  bool stop(Problem problem) {
    problems_.push_back(std::move(problem));
    return false;
  }
  Problem syntax_error() const {
    const auto& mark = parser_.problem_mark;
    std::string what = parser_.problem == nullptr ? "cannot be read" : parser_.problem;
    if (parser_.context != nullptr) what = fmt::format("{} {}", parser_.context, what);
    const Position at = position_of(mark);
    return {at.line, "$", "is not valid YAML: " + what, false, at.column};
  }
  std::string path() const {
    if (levels_.empty()) return "$";
    const Level& level = levels_.back();
    if (level.value->is_array()) return fmt::format("{}[{}]", level.path, level.value->size());
    return level.key ? base::member_path(level.path, *level.key) : level.path;
  }
  void problem(const Position& at, std::string message) {
    problems_.push_back({at.line, path(), std::move(message), false, at.column});
  }
  void refuse_marks(const Position& at, const yaml_char_t* anchor, const yaml_char_t* tag) {
    if (anchor != nullptr) problem(at, "has an anchor, which is not read: write the value where it is used");
    if (tag != nullptr) problem(at, "has a tag, which is not read");
  }

  bool scalar(const auto& scalar, const Position& at) {
    refuse_marks(at, scalar.anchor, scalar.tag);
    const auto text = text_in(scalar.value, scalar.length);
    if (wants_key()) return key(std::string(text), at);
    return put(scalar.plain_implicit != 0 && scalar.style == YAML_PLAIN_SCALAR_STYLE
                   ? plain_value(text)
                   : Json(std::string(text)),
               at);
  }
  bool wants_key() const {
    return !levels_.empty() && levels_.back().value->is_object() && !levels_.back().key;
  }
  bool key(std::string name, const Position& at) {
    Level& level = levels_.back();
    level.key = std::move(name);
    if (level.value->contains(*level.key))
      problem(at, fmt::format("is given twice (first on line {}); the last one would win",
                              positions_[path()].line));
    positions_[path()] = at;
    return true;
  }

  /// Adds `value` where the text has come to.
  Level add(Json value, const Position& at) {
    std::string here = path();
    positions_.try_emplace(here, at);
    if (levels_.empty()) {
      value_ = std::move(value);
      return {&value_, std::move(here), {}};
    }
    Level& level = levels_.back();
    if (level.value->is_array()) {
      level.value->push_back(std::move(value));
      return {&level.value->back(), std::move(here), {}};
    }
    Json& slot = (*level.value)[*std::exchange(level.key, std::nullopt)];
    slot = std::move(value);
    return {&slot, std::move(here), {}};
  }
  bool put(Json value, const Position& at) {
    add(std::move(value), at);
    return true;
  }
  bool open(Json container, const Position& at) {
    if (levels_.size() >= deepest)
      return stop(
          {at.line, path(), fmt::format("is nested deeper than {} levels", deepest), false, at.column});
    if (wants_key()) return stop({at.line, path(), "has a name that is no text", false, at.column});
    levels_.push_back(add(std::move(container), at));
    return true;
  }

  yaml_parser_t parser_{};
  Json value_;
  std::map<std::string, Position, std::less<>> positions_;
  std::vector<Problem> problems_;
  std::vector<Level> levels_;
  int documents_ = 0;
};

}  // namespace

base::LocatedJson parse_yaml(std::string_view text) {
  if (!base::is_utf8(text)) return {nullptr, {}, {{1, "$", "is not UTF-8"}}};
  return YamlReader(text).read();
}

namespace {

using Ordered = nlohmann::ordered_json;

/// Text that a reader would take for text, without quotes.
bool is_plain_text(const std::string& text) {
  constexpr std::string_view letters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./@+ ";
  if (text.empty() || text.front() == ' ' || text.back() == ' ' || !plain_value(text).is_string())
    return false;
  return std::isalnum(static_cast<unsigned char>(text.front())) != 0 &&
         text.find_first_not_of(letters) == std::string::npos;
}

std::string scalar_text(const Ordered& value) {
  if (!value.is_string()) return value.dump();
  const auto& text = value.get_ref<const std::string&>();
  return is_plain_text(text) ? text : value.dump(-1, ' ', false, Ordered::error_handler_t::replace);
}

std::string name_text(const std::string& name) {
  return scalar_text(Ordered(name));
}

/// On one line, as JSON that needs few quotes.
std::string flow(const Ordered& value) {
  if (!value.is_structured()) return scalar_text(value);
  std::vector<std::string> parts;
  for (const auto& [name, each] : value.items())
    parts.push_back(value.is_array() ? flow(each) : fmt::format("{}: {}", name_text(name), flow(each)));
  return fmt::format("{}{}{}", value.is_array() ? "[" : "{", base::join(parts, ", "),
                     value.is_array() ? "]" : "}");
}

void block(const Ordered& value, const std::string& indent, std::string& out) {
  constexpr std::size_t widest = 100;
  for (const auto& [name, each] : value.items()) {
    const std::string line = fmt::format("{}{}: {}\n", indent, name_text(name), flow(each));
    if (!each.is_object() || each.empty() || line.size() <= widest) {
      out += line;
      continue;
    }
    out += fmt::format("{}{}:\n", indent, name_text(name));
    block(each, indent + "  ", out);
  }
}

}  // namespace

std::string dump_yaml(const Ordered& value) {
  std::string out;
  block(value, "", out);
  return out;
}

}  // namespace shortfile
