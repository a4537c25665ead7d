// run, plan, validate, resume, cancel.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <iostream>

#include "app/command.h"
#include "app/progress.h"
#include "app/world.h"
#include "base/error.h"
#include "refresh/document.h"
#include "refresh/lookup.h"
#include "refresh/plan.h"
#include "refresh/workflow.h"

namespace app {
namespace {

using base::Error;
using base::Json;

/// Turns SIGINT and SIGTERM into a stop request; the second one ends the program at once. Blocks them in all
/// threads that are started after it.
class Signals {
 public:
  Signals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGINT);
    sigaddset(&set_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    listener_ = std::jthread([this](const std::stop_token& stop) { listen(stop); });
  }
  std::stop_token token() { return source_.get_token(); }
  bool interrupted() const { return source_.stop_requested(); }

 private:
  void listen(const std::stop_token& stop) {
    const timespec tick{0, 200'000'000};
    while (!stop.stop_requested()) {
      if (sigtimedwait(&set_, nullptr, &tick) < 0) continue;
      if (source_.stop_requested()) ::_exit(Exit::interrupted);
      std::cerr << "\nstopping; once more to stop at once\n";
      source_.request_stop();
    }
  }
  sigset_t set_{};
  std::stop_source source_;
  std::jthread listener_;
};

std::string new_run_id(base::Clock& clock) {
  std::string id;
  for (const char c : base::ledger_utc(clock.now()))
    if (c >= '0' && c <= '9') id += c;
  return id + "-" + os::random_text(6);
}

std::string subject_of(const refresh::Names& names) {
  return fmt::format("{}/{}", to_string(names.kind), names.target);
}

refresh::RefreshFile read_refresh_file(const std::string& path, bool json) {
  auto file = refresh::parse_refresh_file(os::read_file(path));
  if (!file.problems.empty() && (!json || !file.ok())) print_problems(path, file.problems, json);
  return file;
}

/// Where a run's data stands: the state's input or output, which carries everything.
Json state_of(const store::ExecutionRow& row) {
  return Json::parse(row.snapshot).at("root").at("input");
}

struct Drive {
  World& world;
  Signals& signals;
  bool json;

  /// Drives one run to its end and says what became of it.
  int operator()(const std::string& id, const std::function<void(engine::Engine&)>& begin) {
    engine::Ownership ownership(world.home.engines());
    Progress progress(world.clock, !json && ::isatty(STDOUT_FILENO) == 1);
    engine::Observer silent;
    engine::Observer& observer = json ? silent : progress;
    {
      engine::Engine engine(world.journal, world.clock, ownership, refresh::make_task(world.services),
                            observer, {.workers = 2, .seed = os::random_seed()});
      begin(engine);
      engine.run(signals.token());
      progress.finish();
    }
    return report(*world.journal.find(id));
  }

  int report(const store::ExecutionRow& row) {
    const bool completed = row.status == "SUCCEEDED";
    const Json state = state_of(row);
    if (json) {
      std::cout << Json{{"run", row.id},
                        {"status", row.status},
                        {"error", row.error},
                        {"cause", row.cause},
                        {"results", state.value("results", Json::object())}}
                       .dump()
                << "\n";
    } else if (completed) {
      const auto made = world.databases.find(provider::Kind::instance, state.at("names").at("instance"));
      std::cout << fmt::format("done: {} is refreshed (run {}, {})\n",
                               state.at("names").at("target").get<std::string>(), row.id,
                               base::human_duration(*row.ended - row.created));
      if (made)
        std::cout << fmt::format("      connect: 127.0.0.1:{} as {}, or: dbrefresh local connect {}\n",
                                 made->port, made->master_user, made->name);
    } else if (row.status == "RUNNING") {
      std::cerr << fmt::format("interrupted: run {} can be taken up again\nhint: dbrefresh resume {}\n",
                               row.id, row.id);
    } else {
      const Json results = state.value("results", Json::object());
      const std::string back =
          state.contains("roll_back_failure")
              ? "rolling back failed: " + state["roll_back_failure"].value("Cause", "")
              : results.value("roll_back", Json::object())
                    .value(
                        "state",
                        "everything was put back; the old database serves under its name, if there was one");
      std::cerr << fmt::format("failed: run {}: {}\nstate: {}\nhint: dbrefresh history {}\n", row.id,
                               row.cause, back, row.id);
    }
    return completed ? Exit::done : row.status == "RUNNING" ? Exit::interrupted : Exit::failed;
  }
};

/// A run of the same target that lost its process stands in the way of a new one: it is rolled back first.
void clear_interrupted(World& world, Drive& drive, const std::string& subject) {
  for (const auto& row : world.journal.list(true)) {
    if (row.subject != subject) continue;
    engine::Ownership probe(world.home.engines());
    if (!row.owner.empty() && probe.is_alive(row.owner))
      throw Error("AlreadyRunning", fmt::format("run {} is refreshing {} right now", row.id, subject),
                  fmt::format("wait for it, or: dbrefresh cancel {}", row.id));
    if (!drive.json) std::cout << fmt::format("run {} was interrupted; it is rolled back first\n", row.id);
    world.journal.request_cancel(row.id);
    drive(row.id, [&](engine::Engine& engine) { engine.adopt(row.id); });
  }
}

/// Problems of the plan, with the lines of the file.
std::vector<base::Problem> located(const refresh::RefreshFile& file, std::vector<base::Problem> problems) {
  for (auto& each : problems) each.line = file.line_of(each.path);
  return problems;
}

Body set_up_run(CLI::App& command, const Options& options) {
  struct Args {
    std::string file;
    bool keep_failed = false;
  };
  auto args = std::make_shared<Args>();
  command.add_option("FILE", args->file, "refresh file")->required();
  command.add_flag("--keep-failed", args->keep_failed,
                   "if the run fails, keep its copy, closed, as <target>-failed-<run>");
  return [args, &options] {
    const auto file = read_refresh_file(args->file, options.json);
    if (!file.ok()) return static_cast<int>(Exit::bad_input);
    Signals signals;
    World world(options.home);
    Drive drive{world, signals, options.json};
    clear_interrupted(world, drive, subject_of(file.names));
    const auto plan = refresh::make_plan(to_json(file.names), file.members, world.services, "");
    if (!plan.ok() || !options.json) print_problems(args->file, located(file, plan.problems), options.json);
    if (!plan.ok()) {
      return static_cast<int>(Exit::bad_input);
    }
    const std::string id = new_run_id(world.clock);
    if (!options.json) {
      std::cout << fmt::format("run {}: {} -> {}\n", id, file.names.source, file.names.target);
      for (const auto& note : plan.notes) std::cout << "  note: " << note << "\n";
    }
    Json secrets = Json::object();
    for (const auto& [name, value] : file.secrets) secrets[name] = value.reveal();
    world.secrets.put_pending(refresh::run_secret_name(id), base::Secret(secrets.dump()));
    world.secrets.promote(refresh::run_secret_name(id));
    return drive(id, [&](engine::Engine& engine) {
      engine.start(id, subject_of(file.names), refresh::state_machine().dump(),
                   refresh::run_input(id, file, args->keep_failed, world.clock.now()));
    });
  };
}

void print_plan(const refresh::RefreshFile& file, const refresh::Plan& plan) {
  std::cout << fmt::format("{} {} -> {}, made as {}\n", to_string(file.names.kind), file.names.source,
                           file.names.target, file.names.temp);
  if (plan.old_status.empty())
    std::cout << fmt::format("  {} does not exist yet\n", file.names.target);
  else
    std::cout << fmt::format("  {} exists ({}) and keeps its name until the new one is proven\n",
                             file.names.target, plan.old_status);
  for (const auto& note : plan.notes) std::cout << "  note: " << note << "\n";
  int number = 0;
  for (const refresh::Step* step : refresh::sequence()) {
    const bool runs = !step->in_file || step->report || file.members.contains(std::string(step->key));
    std::cout << fmt::format("  {:>3}  {:<22} {}\n", runs ? fmt::format("{}.", ++number) : "-",
                             step->states.start, runs ? std::string(step->summary) : "left out");
  }
}

Body set_up_plan(CLI::App& command, const Options& options) {
  auto path = std::make_shared<std::string>();
  command.add_option("FILE", *path, "refresh file")->required();
  return [path, &options] {
    const auto file = read_refresh_file(*path, options.json);
    if (!file.ok()) return static_cast<int>(Exit::bad_input);
    World world(options.home);
    const auto plan = refresh::make_plan(to_json(file.names), file.members, world.services, "");
    if (options.json)
      print_problems(*path, located(file, plan.problems), true);
    else
      print_plan(file, plan);
    if (!options.json && !plan.problems.empty()) print_problems(*path, located(file, plan.problems), false);
    return static_cast<int>(plan.ok() ? Exit::done : Exit::bad_input);
  };
}

Body set_up_validate(CLI::App& command, const Options& options) {
  auto paths = std::make_shared<std::vector<std::string>>();
  command.add_option("FILE", *paths, "refresh files")->required();
  return [paths, &options] {
    bool all_good = true;
    std::size_t good = 0;
    for (const auto& path : *paths) {
      refresh::RefreshFile file;
      try {
        file = refresh::parse_refresh_file(os::read_file(path));
      } catch (const Error& error) {
        file.problems.push_back({0, "$", error.message});
      }
      if (options.json || !file.problems.empty()) print_problems(path, file.problems, options.json);
      all_good &= file.ok();
      good += file.ok() ? 1 : 0;
    }
    if (!options.json) std::cout << fmt::format("{} of {} refresh files are valid\n", good, paths->size());
    return static_cast<int>(all_good ? Exit::done : Exit::bad_input);
  };
}

Body set_up_resume(CLI::App& command, const Options& options) {
  auto id = std::make_shared<std::string>();
  command.add_option("RUN", *id, "run to take up again")->required();
  return [id, &options] {
    Signals signals;
    World world(options.home);
    Drive drive{world, signals, options.json};
    const auto row = must_find_run(world, *id);
    if (row.status != "RUNNING") {
      if (!options.json) std::cout << fmt::format("run {} has ended: {}\n", *id, row.status);
      return drive.report(row);
    }
    return drive(*id, [&](engine::Engine& engine) {
      if (!engine.adopt(*id))
        throw Error("AlreadyRunning", fmt::format("run {} is being driven by another process", *id));
    });
  };
}

Body set_up_cancel(CLI::App& command, const Options& options) {
  auto id = std::make_shared<std::string>();
  command.add_option("RUN", *id, "run to cancel: it is rolled back")->required();
  return [id, &options] {
    Signals signals;
    World world(options.home);
    Drive drive{world, signals, options.json};
    const auto row = must_find_run(world, *id);
    if (row.status != "RUNNING")
      throw Error("BadInput", fmt::format("run {} has ended: {}", *id, row.status));
    world.journal.request_cancel(*id);
    bool ours = true;
    const int code = drive(*id, [&](engine::Engine& engine) { ours = engine.adopt(*id); });
    if (ours) return code == Exit::failed ? static_cast<int>(Exit::done) : code;
    std::cout << fmt::format("run {} is told to stop and to roll back\n", *id);
    return static_cast<int>(Exit::done);
  };
}

}  // namespace

std::span<const Command> run_commands() {
  static constexpr Command commands[] = {
      {"run", "refresh a database, as a refresh file says", set_up_run},
      {"plan", "show what a refresh would do, and every problem; changes nothing", set_up_plan},
      {"validate", "check refresh files alone", set_up_validate},
      {"resume", "take up a run that was interrupted", set_up_resume},
      {"cancel", "stop a run and put everything back", set_up_cancel},
  };
  return commands;
}

}  // namespace app
