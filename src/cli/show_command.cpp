// list, status, ledger, steps.
#include <fmt/format.h>

#include <iostream>

#include "base/error.h"
#include "cli/command.h"
#include "cli/execution_output.h"
#include "cli/output.h"
#include "refresh/document.h"
#include "runs/view.h"
#include "shortfile/schema.h"

namespace cli {
namespace {

using base::Error;
using base::Json;

/// Nothing is worse than a run that is not put back: its line says so instead of why it failed.
void mark_left(Json& rows) {
  for (Json& each : rows)
    if (const Json& why = each["notPutBack"]; !why.is_null())
      each["cause"] = "NOT PUT BACK: " + why.get<std::string>();
}

/// Of the home; in an account those that are executions there too, and none of this host.
Json all_runs(const runs::Filter& filter, const Options& options) {
  if (options.provider == "local") {
    runs::Books books(options.home);
    return runs::list_view(books, filter);
  }
  Json rows = executions_and_runs(filter, options);
  const auto most = static_cast<std::size_t>(filter.last);
  if (most > 0 && rows.size() > most)
    rows.erase(rows.begin(), rows.end() - static_cast<std::ptrdiff_t>(most));
  return rows;
}

Body set_up_list(Arguments& arguments, const Options& options) {
  auto filter = std::make_shared<runs::Filter>();
  arguments.add("--target", filter->target, "only runs of this database");
  arguments.add("--status", filter->status, "only running, succeeded, failed, timed_out or refused ones")
      .one_of({"running", "succeeded", "failed", "timed_out", "refused", "aborted"});
  arguments.add("--last", filter->last, "only so many of the newest").between(1, 1'000'000);
  return [filter, &options] {
    static constexpr Column columns[] = {
        {"RUN", "run"},       {"TARGET", "target"},         {"STATUS", "status"},
        {"MASKED", "masked"}, {"CREATED (UTC)", "created"}, {"ENDED (UTC)", "ended"},
        {"REASON", "cause"}};
    Json rows = all_runs(*filter, options);
    if (!options.json) mark_left(rows);
    print_rows(rows, columns, options.json);
    return 0;
  };
}

/// How far a run is that is open, and what is to become of it.
void print_open(const Json& view, const Options& options) {
  if (view["status"] != "RUNNING") return;
  if (const Json& told = view["progress"]; !told.is_null())
    std::cout << fmt::format("{:<14} {}\n", "progress", progress_text(told));
  const bool driven = view["driven"];
  if (view["cancelRequested"].get<bool>())
    std::cout << fmt::format("{:<14} told to stop: it is being put back{}\n", "",
                             driven ? "" : " when it is taken up");
  if (!driven)
    std::cout << "no process drives it: "
              << with_home("dbrefresh resume " + view["run"].get<std::string>(), options) << "\n";
}

Json status_of(const std::string& id, const Options& options) {
  if (is_execution(id, options)) return Followed(options).executions.status_view(id);
  runs::Books books(options.home);
  return runs::status_view(books, id);
}

int status(const std::string& id, const Options& options) {
  const Json view = status_of(id, options);
  if (options.json) {
    print_json(view);
    return Exit::done;
  }
  for (const char* key : {"run", "target", "status", "step", "created", "ended", "waitsFor", "waitsUntil",
                          "masked", "unmaskedReason", "error", "cause", "standing", "notPutBack"})
    if (!view[key].is_null()) std::cout << fmt::format("{:<14} {}\n", key, cell(view[key]));
  print_way_back(view, options);
  print_open(view, options);
  return Exit::done;
}

Body set_up_status(Arguments& arguments, const Options& options) {
  auto id = std::make_shared<std::string>();
  arguments.add("RUN", *id, "run").required();
  return [id, &options] { return status(*id, options); };
}

/// On this host without its servers, which need not be there.
Json rows_of(const std::string& table, const Options& options) {
  if (options.provider == "local") {
    runs::Books books(options.home);
    return runs::ledger_view(books.ledger, table);
  }
  const auto world = runs::open_world(options.home, whereabouts(options), provider::local::Opening::to_look);
  return runs::ledger_view(world->services().ledger, table);
}

Body set_up_ledger(Arguments& arguments, const Options& options) {
  auto name = std::make_shared<std::string>();
  arguments.add("--table", *name, "only this ledger (tablename of the refresh file)");
  return [name, &options] {
    static constexpr Column columns[] = {{"DBINSTANCE", "dbinstance"},
                                         {"RESTOREDATE", "restoredate"},
                                         {"APPNAME", "appname"},
                                         {"ENVIRONMENT", "environment"},
                                         {"SOURCE", "source"},
                                         {"RESTORETYPE", "restoretype"},
                                         {"STATUS", "status"},
                                         {"MASKED", "masked"},
                                         {"RECORDINGTIME", "recordingtime"},
                                         {"RUN", "run"}};
    print_rows(rows_of(*name, options), columns, options.json);
    return 0;
  };
}

/// The reference of one step, or of all if `key` is "".
Json reference_of(const std::string& key) {
  Json steps = refresh::reference_json();
  if (key.empty()) return steps;
  std::erase_if(steps.get_ref<Json::array_t&>(),
                [&](const Json& step) { return step["key"] != key && step["state"] != key; });
  return steps;
}

Body set_up_steps(Arguments& arguments, const Options& options) {
  auto key = std::make_shared<std::string>();
  auto brief = std::make_shared<bool>(false);
  arguments.add("STEP", *key, "one step, by its member or state");
  arguments.flag("--short", *brief, "the fields of a short file instead");
  return [key, brief, &options] {
    if (*brief) {
      std::cout << shortfile::reference();
      return 0;
    }
    const std::string text = refresh::reference(*key);
    if (text.empty())
      throw Error("BadInput", fmt::format("there is no step '{}'", *key), "dbrefresh steps shows all");
    if (options.json)
      print_json(reference_of(*key));
    else
      std::cout << text;
    return 0;
  };
}

}  // namespace

std::span<const Command> show_commands() {
  static constexpr Command commands[] = {
      {"list", "all runs", set_up_list},
      {"status", "where a run stands", set_up_status},
      {"ledger", "the ledger: one row a run", set_up_ledger},
      {"steps", "the reference of every member and field of a refresh file", set_up_steps},
  };
  return commands;
}

}  // namespace cli
