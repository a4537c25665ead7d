// history.
#include <fmt/format.h>

#include <iostream>

#include "cli/command.h"
#include "cli/execution_output.h"
#include "cli/output.h"
#include "refresh/workflow.h"
#include "runs/view.h"

namespace cli {
namespace {

using base::Json;

/// One line a script statement: number, line, rows, milliseconds.
void print_scripts(const Json& scripts) {
  for (const Json& script : scripts) {
    if (!script.contains("statements")) {  // another host ran it
      std::cout << fmt::format("      {} ({})\n", script["script"].get<std::string>(),
                               script.value("id", ""));
      continue;
    }
    std::cout << fmt::format("      {} ({}, {} statements, {} rows)\n", script["script"].get<std::string>(),
                             script["form"].get<std::string>(), script["count"].dump(),
                             script["rows"].dump());
    for (const Json& each : script["statements"])
      std::cout << fmt::format("        statement {} at line {}: {} rows, {} ms\n", each["number"].dump(),
                               each["line"].dump(), each["rows"].dump(), each["ms"].dump());
  }
}

std::string took(const Json& attempt) {
  if (attempt["ended"].is_null()) return "-";
  return base::human_duration(*base::parse_iso_offset(attempt["ended"].get<std::string>()) -
                              *base::parse_iso_offset(attempt["started"].get<std::string>()));
}

void print_attempts(const Json& history) {
  const Json scripts = history["results"]
                           .value(std::string(refresh::masking_step().key), Json::object())
                           .value("scripts", Json::array());
  for (const Json& each : history["attempts"]) {
    const int tries = each["tries"];
    std::cout << fmt::format("{}  {:<28} {:<20} {:>9}{}\n", cell(each["started"]),
                             each["state"].get<std::string>(), each["outcome"].get<std::string>(), took(each),
                             tries > 1 ? fmt::format("  begun {} times", tries) : "");
    if (each["state"] == refresh::masking_step().states.start && each["outcome"] == "succeeded")
      print_scripts(scripts);
  }
}

/// Of a run whose requests were counted: where its time and its share of the account's quota of them went.
void print_steps(const Json& steps) {
  std::vector<std::vector<std::string>> rows = {{"STEP", "ATTEMPTS", "REQUESTS", "WORKED", "WAITED"}};
  bool counted = false;
  for (const Json& each : steps) {
    counted |= !each["requests"].is_null();
    rows.push_back({cell(each["step"]), cell(each["attempts"]), cell(each["requests"]),
                    seconds_text(each["worked"]), seconds_text(each["waited"])});
  }
  if (counted) std::cout << table(rows);
}

Json history_of(const std::string& id, const Options& options) {
  if (is_execution(id, options)) return Followed(options).executions.history_view(id);
  runs::Books books(options.home);
  return runs::history_view(books, id);
}

int history(const std::string& id, const Options& options) {
  const Json view = history_of(id, options);
  if (options.json) {
    print_json(view);
    return Exit::done;
  }
  print_attempts(view);
  print_steps(view["steps"]);
  for (const Json& each : view["problems"])
    std::cout << base::to_string(each["file"].get<std::string>(),
                                 {each["line"], each["path"], each["message"], each["severity"] == "warning"})
              << "\n";
  std::cout << fmt::format(
      "{}  {}{}\n", cell(view["ended"]), view["status"].get<std::string>(),
      view["cause"].is_null() || !view["problems"].empty() ? "" : ": " + view["cause"].get<std::string>());
  if (const Json& standing = view["standing"]; !standing.is_null())
    std::cout << "state: " << standing.get<std::string>() << "\n";
  if (const Json& why = view["notPutBack"]; !why.is_null())
    std::cout << "NOT PUT BACK: " << why.get<std::string>() << "\n";
  print_way_back(view, options);
  return Exit::done;
}

Body set_up_history(Arguments& arguments, const Options& options) {
  auto id = std::make_shared<std::string>();
  arguments.add("RUN", *id, "run").required();
  return [id, &options] { return history(*id, options); };
}

}  // namespace

std::span<const Command> history_commands() {
  static constexpr Command commands[] = {
      {"history", "what a run did, attempt by attempt", set_up_history},
  };
  return commands;
}

}  // namespace cli
