#include "shortfile/read.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "os/files.h"
#include "os/process.h"
#include "shortfile/check.h"
#include "shortfile/include.h"
#include "shortfile/lower.h"

namespace shortfile {
namespace {

using base::Json;
using base::LocatedJson;
namespace fs = std::filesystem;

/// A password on its way from where a file says it is, or what is wrong.
struct Found {
  std::string password;
  std::string fault;
};

Found password_in_file(const fs::path& path) {
  try {
    if ((fs::status(path).permissions() & (fs::perms::group_all | fs::perms::others_all)) != fs::perms::none)
      return {"", fmt::format("'{}' may be read or written by others; hint: chmod 600 {}", path.string(),
                              path.string())};
    std::string text = os::read_file(path, 4096);
    while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
    if (text.empty()) return {"", fmt::format("'{}' is empty", path.string())};
    return {std::move(text), ""};
  } catch (const base::Error& error) {
    return {"", error.message};
  }
}

Found password_of(const Json& checked, const fs::path& folder) {
  const Json way = checked.value("master", Json::object()).value("password", Json());
  if (!way.is_object() || way.contains("secret")) return {};
  if (way.contains("file")) return password_in_file(folder / way["file"].get<std::string>());
  const auto name = way.at("env").get<std::string>();
  std::string value = os::environment(name.c_str());
  if (value.empty()) return {"", fmt::format("the variable {} is not set", name)};
  return {std::move(value), ""};
}

/// The file's problems, each where it stands in the short file.
void place(std::vector<base::Problem>& problems, const LocatedJson& file) {
  for (base::Problem& each : problems) {
    const auto at = file.position_of(each.path);
    each.line = std::max(1, at.line);
    each.column = at.column;
    each.file = at.file;
  }
}

refresh::RefreshFile refused(std::vector<base::Problem> problems, const LocatedJson& file) {
  refresh::RefreshFile out;
  place(problems, file);
  out.document = file;
  out.problems = file.problems();
  out.problems.insert(out.problems.end(), problems.begin(), problems.end());
  std::ranges::stable_sort(out.problems, {}, &base::Problem::line);
  return out;
}

refresh::RefreshFile read_short(const LocatedJson& file, const fs::path& folder, base::Time now) {
  // What stands in a text that breaks off is not to be judged.
  const bool broken = std::ranges::any_of(file.problems(), [](const base::Problem& each) {
    return each.message.starts_with("is not valid") || each.message == "is not UTF-8";
  });
  if (broken) return refused({}, file);
  auto checked = check(file.value(), now);
  const bool valid =
      file.problems().empty() && std::ranges::all_of(checked.problems, &base::Problem::warning);
  if (!valid) return refused(std::move(checked.problems), file);
  const Found password = password_of(checked.value, folder);
  if (!password.fault.empty()) checked.problems.push_back({0, "$.master.password", password.fault});
  auto lowered = lower(checked.value, folder.string(), password.password);
  checked.problems.insert(checked.problems.end(), lowered.problems.begin(), lowered.problems.end());
  if (!std::ranges::all_of(checked.problems, &base::Problem::warning))
    return refused(std::move(checked.problems), file);

  std::map<std::string, base::Position, std::less<>> positions;
  for (const auto& [path, origin] : lowered.origins) positions[path] = file.position_of(origin);
  positions["$"] = file.position_of("$");
  auto out = refresh::read_members({lowered.members, std::move(positions)}, refresh::Dialect::lowered);
  out.origins = std::move(lowered.origins);
  for (base::Problem& each : out.problems) out.locate(each);
  place(checked.problems, file);  // warnings
  out.problems.insert(out.problems.end(), checked.problems.begin(), checked.problems.end());
  out.keep_failed = checked.value.value("on_failure", Json::object()).value("keep_copy", false);
  out.group = checked.value.value("group", "");
  if (const auto age = checked.value.find("max_age"); age != checked.value.end())
    out.max_age = std::chrono::seconds(age->get<std::int64_t>());
  return out;
}

/// A member for each step, whatever else is in it.
bool is_of_the_sample(const LocatedJson& document) {
  return !document.value().is_object() || !document.value().contains("refresh");
}

}  // namespace

refresh::RefreshFile read_file(const fs::path& path, base::Time now) {
  const std::string text = os::read_file(path);
  auto document = parse_text(path, text);
  if (is_json(path, text) && is_of_the_sample(document))
    return refresh::read_members(std::move(document), refresh::Dialect::sample);
  const auto whole = fs::absolute(path);
  return read_short(with_includes(document, path), whole.parent_path(), now);
}

}  // namespace shortfile
