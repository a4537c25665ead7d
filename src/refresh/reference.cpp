// The reference of the refresh file, from the steps' descriptions.
#include <fmt/format.h>

#include "refresh/document.h"
#include "refresh/workflow.h"

namespace refresh {
namespace {

constexpr std::string_view kind_names[] = {"text",   "identifier", "integer", "true or false",
                                           "one of", "UTC time",   "list",    "object"};

std::string_view need_text(Need need) {
  switch (need) {
    case Need::required:
      return "required";
    case Need::optional:
      return "optional";
    case Need::forbidden:
      return "not allowed";
  }
  return "";
}

std::string field_line(const Field& field) {
  std::string type(kind_names[static_cast<std::size_t>(field.kind)]);
  if (!field.choices.empty())
    type += fmt::format(" {}", fmt::join(std::vector<std::string>{std::string(field.choices)}, ""));
  std::string when;
  if (!field.used_if.field.empty())
    when = fmt::format(" Only when `{}` is `{}`.", field.used_if.field, field.used_if.value);
  for (std::size_t at = 0; (at = type.find('|', at)) != std::string::npos; at += 2) type.replace(at, 1, ", ");
  return fmt::format("| `{}` | {} | {} | {} | {}{}{} |\n", field.name, type, need_text(field.rds),
                     need_text(field.aurora), field.help, when,
                     field.secret            ? " Secret: kept encrypted, never shown."
                     : field.even_if_skipped ? " Required even when the step is skipped."
                                             : "");
}

std::string section(const Step& step) {
  std::string out = step.in_file
                        ? fmt::format("## {}\n\n{}\n\n", step.key, step.summary)
                        : fmt::format("## {} (a step of ours)\n\n{}\n\n", step.states.start, step.summary);
  out += fmt::format("States: `{}`", step.states.start);
  for (const auto state : {step.states.check, step.states.outcome, step.states.wait})
    if (!state.empty()) out += fmt::format(", `{}`", state);
  out += fmt::format(". Deadline: {} minutes.\n\n", step.deadline_minutes);
  if (!step.checktodo.empty())
    out += fmt::format("Its `check`, if given, says `checktodo`: `{}`.\n\n", step.checktodo);
  if (step.fields.empty()) return out;
  out += "| field | type | rds | aurora | meaning |\n|---|---|---|---|---|\n";
  for (const Field& field : step.fields) out += field_line(field);
  return out + "\n";
}

}  // namespace

std::string reference(std::string_view key) {
  std::string out;
  for (const Step* step : sequence())
    if (key.empty() || step->key == key || step->states.start == key) out += section(*step);
  if (key.empty()) out += section(roll_back_step());
  return out;
}

Json reference_json() {
  Json out = Json::array();
  for (const Step* step : sequence()) {
    Json fields = Json::array();
    for (const Field& field : step->fields)
      fields.push_back({{"name", field.name},
                        {"type", kind_names[static_cast<std::size_t>(field.kind)]},
                        {"help", field.help},
                        {"rds", need_text(field.rds)},
                        {"aurora", need_text(field.aurora)},
                        {"choices", field.choices},
                        {"secret", field.secret}});
    out.push_back({{"key", step->key},
                   {"inFile", step->in_file},
                   {"state", step->states.start},
                   {"summary", step->summary},
                   {"fields", fields}});
  }
  return out;
}

}  // namespace refresh
