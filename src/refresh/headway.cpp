#include "refresh/headway.h"

#include <fmt/format.h>

#include "base/digest.h"
#include "base/text.h"
#include "refresh/marks.h"
#include "sql/resumption.h"

namespace refresh {
namespace {

constexpr const char* tag = "refresh-headway";
constexpr std::size_t digits = 32;

std::optional<std::size_t> number(const std::string& text) {
  if (text.empty() || text.size() > 9 || text.find_first_not_of("0123456789") != std::string::npos)
    return std::nullopt;
  return std::stoul(text);
}

std::string name_of(const Unit& unit) {
  return unit.script.empty() ? fmt::format("dropping '{}'", unit.schema) : "'" + unit.script + "'";
}

}  // namespace

provider::Tags headway_tag(const std::string& run, const Headway& headway) {
  return {{tag, fmt::format("{}:{}:{}:{}", run, headway.units, headway.statements, headway.digest)}};
}

provider::Tags no_headway_tag(const std::string& run) {
  return {{tag, run}};
}

std::optional<Headway> headway_of(const provider::Database& copy, const std::string& run) {
  const bool none_begun = has_mark(copy, scripts_mark(run, 0)) || !has_scripts_mark(copy);
  if (tag_of(copy, tag).empty() && none_begun) return Headway{};
  const auto parts = base::split_list(tag_of(copy, tag), ':');
  if (parts.size() < 3 || parts[0] != run) return std::nullopt;
  const auto units = number(parts[1]), statements = number(parts[2]);
  if (!units || !statements) return std::nullopt;
  return Headway{*units, *statements, parts.size() > 3 ? parts[3] : ""};
}

std::string digest_after(const std::string& before, const Unit& unit, const sql::Script* script,
                         std::size_t statements) {
  std::string all = before + '\0' + unit.schema + '\0';
  if (script == nullptr) all += "drop";
  for (std::size_t i = 0; script != nullptr && i < statements; ++i)
    all += script->statements[i].text + '\0' + script->statements[i].data.value_or("") + '\0';
  return base::hex(base::sha256(all)).substr(0, digits);
}

std::string digest_of(const std::vector<Unit>& all, std::size_t count, const ReadScript& read) {
  std::string digest;
  for (std::size_t i = 0; i < count; ++i) {
    std::optional<sql::Script> script;
    if (!all.at(i).script.empty()) script = read(all[i]);
    digest =
        digest_after(digest, all[i], script ? &*script : nullptr, script ? script->statements.size() : 0);
  }
  return digest;
}

std::string objection_to(const Headway& headway, const std::vector<Unit>& all, const ReadScript& read) {
  const auto [units, statements, known] = headway;
  if (units > all.size() || (units == all.size() && statements > 0))
    return fmt::format("{} had run on the kept copy, and the file has {}", units, all.size());
  std::string digest = digest_of(all, units, read);
  if (statements == 0)
    return digest == known ? ""
                           : fmt::format("what had run on the kept copy, up to {}, is not as it was",
                                         units == 0 ? "its beginning" : name_of(all[units - 1]));
  const Unit& begun = all[units];
  const auto script = begun.script.empty() ? sql::Script{} : read(begun);
  if (statements > script.statements.size())
    return fmt::format("{} has fewer statements than had run", name_of(begun));
  if (const auto why = sql::why_not_after(script, static_cast<int>(statements)); !why.empty())
    return fmt::format("{} cannot be gone on with after statement {}: {}", name_of(begun), statements, why);
  return digest_after(digest, begun, &script, statements) == known
             ? ""
             : fmt::format("what had run on the kept copy, up to {} statement {}, is not as it was",
                           name_of(begun), statements);
}

}  // namespace refresh
