// list, status, history, ledger, steps.
#include <fmt/format.h>

#include <iostream>

#include "app/command.h"
#include "app/world.h"
#include "base/error.h"
#include "engine/ownership.h"
#include "refresh/document.h"

namespace app {
namespace {

using base::Error;
using base::Json;

std::string time_text(const std::optional<base::Time>& time) {
  return time ? base::ledger_utc(*time) : "-";
}

Json to_json(const store::ExecutionRow& row) {
  return {{"run", row.id},
          {"target", row.subject},
          {"status", row.status},
          {"created", base::ledger_utc(row.created)},
          {"ended", time_text(row.ended)},
          {"cancelRequested", row.cancel_requested},
          {"error", row.error},
          {"cause", row.cause}};
}

std::string one_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

Body set_up_list(CLI::App&, const Options& options) {
  return [&options] {
    World world(options.home);
    const auto rows = world.journal.list(false);
    if (options.json) {
      Json list = Json::array();
      for (const auto& row : rows) list.push_back(to_json(row));
      std::cout << list.dump() << "\n";
      return 0;
    }
    std::vector<std::vector<std::string>> lines = {
        {"RUN", "TARGET", "STATUS", "CREATED (UTC)", "ENDED (UTC)", "REASON"}};
    for (const auto& row : rows)
      lines.push_back({row.id, row.subject, row.status, base::ledger_utc(row.created), time_text(row.ended),
                       one_line(row.cause)});
    std::cout << table(lines);
    return 0;
  };
}

Body set_up_status(CLI::App& command, const Options& options) {
  auto id = std::make_shared<std::string>();
  command.add_option("RUN", *id, "run")->required();
  return [id, &options] {
    World world(options.home);
    const auto row = must_find_run(world, *id);
    const Json root = Json::parse(row.snapshot).at("root");
    Json out = to_json(row);
    out["state"] = root.at("state");
    out["waitsUntil"] = time_text(row.due);
    engine::Ownership probe(world.home.engines());
    out["driven"] = !row.owner.empty() && probe.is_alive(row.owner);
    if (options.json) {
      std::cout << out.dump() << "\n";
      return 0;
    }
    for (const char* key :
         {"run", "target", "status", "state", "created", "ended", "waitsUntil", "error", "cause"})
      if (!out[key].get<std::string>().empty())
        std::cout << fmt::format("{:<11} {}\n", key, out[key].get<std::string>());
    if (row.status == "RUNNING" && !out["driven"].get<bool>())
      std::cout << fmt::format("no process drives it: dbrefresh resume {}\n", row.id);
    return 0;
  };
}

/// One line a script statement: number, line, rows, milliseconds.
void print_scripts(const Json& scripts) {
  for (const Json& script : scripts) {
    std::cout << fmt::format("      {} ({}, {} statements, {} rows)\n", script["script"].get<std::string>(),
                             script["form"].get<std::string>(), script["count"].dump(),
                             script["rows"].dump());
    for (const Json& each : script["statements"])
      std::cout << fmt::format("        statement {} at line {}: {} rows, {} ms\n", each["number"].dump(),
                               each["line"].dump(), each["rows"].dump(), each["ms"].dump());
  }
}

Body set_up_history(CLI::App& command, const Options& options) {
  auto id = std::make_shared<std::string>();
  command.add_option("RUN", *id, "run")->required();
  return [id, &options] {
    World world(options.home);
    const auto row = must_find_run(world, *id);
    const auto attempts = world.journal.attempts(*id);
    const auto events = world.journal.events(*id);
    const Json results = Json::parse(row.snapshot).at("root").at("input").value("results", Json::object());
    if (options.json) {
      Json list = Json::array(), told = Json::array();
      for (const auto& each : attempts)
        list.push_back({{"state", each.state},
                        {"tries", each.tries},
                        {"started", base::iso_utc(each.started)},
                        {"ended", each.ended ? Json(base::iso_utc(*each.ended)) : Json()},
                        {"outcome", each.outcome.empty() ? "unknown" : each.outcome}});
      for (const auto& each : events)
        told.push_back(
            {{"id", each.id}, {"at", base::iso_utc(each.at)}, {"type", each.type}, {"state", each.state}});
      std::cout << Json{{"run", row.id},    {"status", row.status}, {"cause", row.cause},
                        {"attempts", list}, {"events", told},       {"results", results}}
                       .dump()
                << "\n";
      return 0;
    }
    for (const auto& each : attempts) {
      const std::string took = each.ended ? base::human_duration(*each.ended - each.started) : "-";
      std::cout << fmt::format("{}  {:<28} {:<20} {:>9}{}\n", base::ledger_utc(each.started), each.state,
                               each.outcome.empty() ? "unknown" : each.outcome, took,
                               each.tries > 1 ? fmt::format("  begun {} times", each.tries) : "");
      if (each.state == "run-scripts-mysql" && results.contains("runscripts"))
        print_scripts(results["runscripts"].value("scripts", Json::array()));
    }
    std::cout << fmt::format("{}  {}{}\n", time_text(row.ended), row.status,
                             row.cause.empty() ? "" : ": " + row.cause);
    return 0;
  };
}

Body set_up_ledger(CLI::App& command, const Options& options) {
  auto name = std::make_shared<std::string>();
  command.add_option("--table", *name, "only this ledger (tablename of the refresh file)");
  return [name, &options] {
    World world(options.home);
    Json list = Json::array();
    std::vector<std::vector<std::string>> lines = {{"DBINSTANCE", "RESTOREDATE", "APPNAME", "ENVIRONMENT",
                                                    "SOURCE", "RESTORETYPE", "STATUS", "RECORDINGTIME",
                                                    "RUN"}};
    for (const auto& row : world.ledger.rows(*name)) {
      lines.push_back({row.dbinstance, row.restoredate, row.appname, row.environment, row.source,
                       row.restoretype, row.status, row.recordingtime, row.run});
      list.push_back({{"dbinstance", row.dbinstance},
                      {"restoredate", row.restoredate},
                      {"appname", row.appname},
                      {"environment", row.environment},
                      {"source", row.source},
                      {"restoretype", row.restoretype},
                      {"snapshot", row.snapshot},
                      {"status", row.status},
                      {"recordingtime", row.recordingtime},
                      {"run", row.run},
                      {"datatime", row.datatime},
                      {"durations", Json::parse(row.durations, nullptr, false)},
                      {"reason", row.reason}});
    }
    std::cout << (options.json ? list.dump() + "\n" : table(lines));
    return 0;
  };
}

Body set_up_steps(CLI::App& command, const Options& options) {
  auto key = std::make_shared<std::string>();
  command.add_option("STEP", *key, "one step, by its member or state");
  return [key, &options] {
    const std::string text = refresh::reference(*key);
    if (text.empty())
      throw Error("BadInput", fmt::format("there is no step '{}'", *key), "dbrefresh steps shows all");
    std::cout << (options.json ? refresh::reference_json().dump() + "\n" : text);
    return 0;
  };
}

}  // namespace

std::span<const Command> show_commands() {
  static constexpr Command commands[] = {
      {"list", "all runs", set_up_list},
      {"status", "where a run stands", set_up_status},
      {"history", "what a run did, attempt by attempt", set_up_history},
      {"ledger", "the ledger: one row a run", set_up_ledger},
      {"steps", "the reference of every member and field of a refresh file", set_up_steps},
  };
  return commands;
}

}  // namespace app
