#include "provider/aws/labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/text.h"

namespace provider::aws {
namespace {

constexpr std::size_t longest_tag = 256;

/// `name` of "name=value name=value".
std::string setting(const std::string& settings, std::string_view name) {
  for (const auto& each : base::split_list(settings, ' '))
    if (each.starts_with(name) && each.substr(name.size()).starts_with('='))
      return each.substr(name.size() + 1);
  return {};
}

}  // namespace

std::string label(const Json& database, std::string_view name) {
  for (const Json& tag : part(database, "TagList"))
    if (text(tag, "Key") == name) return text(tag, "Value");
  return {};
}

Tags tags_of(const Json& database) {
  Tags tags;
  for (const Json& tag : part(database, "TagList"))
    if (!text(tag, "Key").starts_with(labels::prefix)) tags[text(tag, "Key")] = text(tag, "Value");
  return tags;
}

PeoplesTags peoples_tags(const Json& database) {
  constexpr std::size_t most = 30;  // with ours and those of refreshes, fifty
  PeoplesTags out;
  for (const auto& [key, value] : tags_of(database)) {
    if (key.starts_with("refresh") || key.starts_with("aws:") || key.starts_with("rds:")) continue;
    if (out.carried.size() < most)
      out.carried[key] = value;
    else
      out.left_out.push_back(key);
  }
  return out;
}

std::string tag_value(std::string_view text) {
  constexpr std::string_view others = " _.:/=+-@";
  std::string out(text);
  for (char& c : out) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 && std::isalnum(byte) == 0 && others.find(c) == std::string_view::npos) c = ' ';
  }
  out.resize(std::min(out.size(), longest_tag));
  while (!base::is_utf8(out)) out.pop_back();
  return out;
}

Json tag_list(const Tags& tags) {
  Json list = Json::array();
  for (const auto& [key, value] : tags) list.push_back({{"Key", key}, {"Value", tag_value(value)}});
  return list;
}

namespace {

std::string settings_of(const Opening& opening) {
  auto all = fmt::format("protection={} retention={}", opening.protection, opening.retention);
  if (!opening.backups.empty()) all += " backups=" + opening.backups;
  if (!opening.maintenance.empty()) all += " maintenance=" + opening.maintenance;
  return all;
}

}  // namespace

Tags opening_labels(const Opening& opening) {
  return {{labels::groups, base::join(opening.groups, " ")},
          {labels::logs, base::join(opening.logs, " ")},
          {labels::open, settings_of(opening)}};
}

std::optional<Opening> opening_of(const Json& database) {
  const auto settings = label(database, labels::open);
  Opening opening{.groups = base::split_list(label(database, labels::groups), ' '),
                  .logs = base::split_list(label(database, labels::logs), ' '),
                  .protection = setting(settings, "protection") == "true",
                  .backups = setting(settings, "backups"),
                  .maintenance = setting(settings, "maintenance")};
  const auto days = setting(settings, "retention");
  if (opening.groups.empty() || !base::is_digits(days)) return std::nullopt;
  opening.retention = std::stoll(days);
  return opening;
}

}  // namespace provider::aws
