#include "shortfile/include.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "os/files.h"
#include "shortfile/yaml.h"

namespace shortfile {
namespace {

using base::Json;
using base::LocatedJson;
using base::Position;
namespace fs = std::filesystem;

constexpr const char* defaults = "defaults.yaml";
constexpr int deepest_include = 10;

/// Several documents, one after the other; what comes later wins.
class Merger {
 public:
  explicit Merger(fs::path main) : main_(std::move(main)) {}

  /// What `document` includes, and then itself.
  void add(const LocatedJson& document, const fs::path& path, int depth) {
    const std::string name = path == main_ ? "" : path.string();
    for (base::Problem each : document.problems()) {
      each.file = name;
      problems_.push_back(std::move(each));
    }
    if (!document.value().is_object()) {
      if (depth == 0)
        value_ = document.value();
      else if (!document.value().is_null())  // who has all of it in comments says nothing
        problems_.push_back({1, "$", "must be an object, as the file that includes it", false, 0, name});
      return;
    }
    for (const auto& [included, where] : included_by(document, path)) {
      const Position at = document.position_of(where);
      include(included, {at.line, where, "", false, at.column, name}, depth);
    }
    Json own = document.value();
    if (depth > 0) own.erase("include");
    merge(value_, own, "$", document, name);
  }

  LocatedJson take() { return {std::move(value_), std::move(positions_), std::move(problems_)}; }

 private:
  /// Paths, and where each is said.
  static std::vector<std::pair<fs::path, std::string>> included_by(const LocatedJson& document,
                                                                   const fs::path& path) {
    std::vector<std::pair<fs::path, std::string>> all;
    const fs::path beside = path.parent_path() / defaults;
    std::error_code none;
    if (path.filename() != defaults && fs::exists(beside, none)) all.emplace_back(beside, "$");
    const Json said = document.value().value("include", Json());
    if (said.is_string()) all.emplace_back(path.parent_path() / said.get<std::string>(), "$.include");
    for (std::size_t i = 0; said.is_array() && i < said.size(); ++i)
      if (said[i].is_string())
        all.emplace_back(path.parent_path() / said[i].get<std::string>(), fmt::format("$.include[{}]", i));
    return all;
  }

  void include(const fs::path& path, base::Problem problem, int depth) {
    const auto found = path.lexically_normal();
    try {
      if (depth >= deepest_include || found == main_)
        throw base::Error("BadInput", fmt::format("'{}' is included in a circle", found.string()));
      add(parse_text(found, os::read_file(found)), found, depth + 1);
    } catch (const base::Error& error) {
      problem.message = error.message;
      problems_.push_back(std::move(problem));
    }
  }

  void merge(Json& into, const Json& from, const std::string& path, const LocatedJson& document,
             const std::string& file) {
    Position at = document.position_of(path);
    at.file = file;
    if (!into.is_object() || !from.is_object()) {
      forget(path);
      into = from.is_object() ? Json::object() : from;
    }
    positions_[path] = at;
    if (from.is_array()) note_items(from, path, document, file);
    if (!from.is_object()) return;
    for (const auto& [name, value] : from.items())
      merge(into[name], value, base::member_path(path, name), document, file);
  }
  /// Of what is below `path`; it is replaced.
  void forget(const std::string& path) {
    std::erase_if(positions_, [&](const auto& each) {
      return each.first.size() > path.size() && each.first.starts_with(path) &&
             (each.first[path.size()] == '.' || each.first[path.size()] == '[');
    });
  }
  void note_items(const Json& array, const std::string& path, const LocatedJson& document,
                  const std::string& file) {
    for (const auto& [where, at] : document.positions())
      if (!array.empty() && where.starts_with(path + "[")) {
        positions_[where] = at;
        positions_[where].file = file;
      }
  }

  fs::path main_;
  Json value_;
  std::map<std::string, Position, std::less<>> positions_;
  std::vector<base::Problem> problems_;
};

}  // namespace

LocatedJson with_includes(const LocatedJson& document, const fs::path& path) {
  const fs::path main = path.lexically_normal();
  Merger merger(main);
  merger.add(document, main, 0);
  return merger.take();
}

bool is_json(const fs::path& path, std::string_view text) {
  return path.extension() == ".json" || base::trim(text).starts_with('{');
}

LocatedJson parse_text(const fs::path& path, std::string_view text) {
  return is_json(path, text) ? LocatedJson::parse(text) : parse_yaml(text);
}

}  // namespace shortfile
