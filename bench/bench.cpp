// `make bench`: ratios against a floor or a peer that is measured in the same run. `bench PROGRAM`.
#include <fmt/format.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <functional>

#include "base/error.h"
#include "bench/clones.h"
#include "bench/measure.h"
#include "bench/points.h"
#include "engine/engine.h"
#include "os/process.h"
#include "provider/local/home.h"
#include "refresh/file.h"
#include "store/sqlite.h"
#include "tests/port.h"
#include "tests/temporary.h"

namespace {

using base::Json;
namespace fs = std::filesystem;

base::SystemClock real_clock;

std::string chain(int states) {
  Json document = {{"StartAt", "S0"}};
  for (int i = 0; i < states; ++i) {
    Json state = {{"Type", "Pass"}};
    if (i + 1 < states)
      state["Next"] = fmt::format("S{}", i + 1);
    else
      state["End"] = true;
    document["States"][fmt::format("S{}", i)] = state;
  }
  return document.dump();
}

/// Durable transitions a second against bare commits of one row each, alternating, medians of 5.
void durable_transitions() {
  constexpr int states = 200;
  std::vector<double> ours, floor;
  for (int round = 0; round < 5; ++round) {
    tests::Temporary folder;
    static constexpr std::string_view steps[] = {"CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT);"};
    store::Database bare(folder.path() / "floor.db", {.steps = steps});
    floor.push_back(seconds([&] {
      for (int i = 0; i < states; ++i) {
        store::Transaction transaction(bare);
        bare.prepare("INSERT INTO t (v) VALUES (?)").bind(std::int64_t{i}).run();
        transaction.commit();
      }
    }));
    store::Journal journal(folder.path() / "journal.db");
    engine::Ownership ownership(folder.path() / "engines");
    engine::Observer observer;
    engine::Engine engine(journal, real_clock, ownership, {}, observer, {.workers = 0});
    engine.start("run", "", chain(states), Json::object());
    ours.push_back(seconds([&] { engine.run({}); }));
  }
  const double rate = states / median(ours), floor_rate = states / median(floor);
  fmt::print(
      "durable transitions: {:.0f}/s, floor (one SQLite commit each) {:.0f}/s, ratio {:.2f} (aim 0.8)\n",
      rate, floor_rate, rate / floor_rate);
}

/// Bytes that are allocated now, whatever the process keeps in reserve.
std::size_t allocated_bytes() {
  return mallinfo2().uordblks + mallinfo2().hblkhd;
}

/// Memory of 2,000 budget executions, and the time to take them over from a dead engine.
void waiting_executions() {
  constexpr int count = 2'000;
  constexpr const char* waits =
      R"({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 86400, "End": true}}})";
  tests::Temporary folder;
  engine::Observer observer;
  {
    store::Journal journal(folder.path() / "journal.db");
    engine::Ownership ownership(folder.path() / "engines");
    engine::Engine engine(journal, real_clock, ownership, {}, observer, {.workers = 0});
    for (int i = 0; i < count; ++i) engine.start(fmt::format("run-{:05}", i), "", waits, {{"number", i}});
    std::stop_source stop;
    std::jthread stopper([&] {
      store::Journal looking(folder.path() / "journal.db");
      while (std::ranges::count_if(looking.list(true), [](const auto& row) { return row.due.has_value(); }) <
             count)
        usleep(50'000);
      stop.request_stop();
    });
    engine.run(stop.get_token());
  }
  store::Journal journal(folder.path() / "journal.db");
  engine::Ownership ownership(folder.path() / "engines");
  engine::Engine engine(journal, real_clock, ownership, {}, observer, {.workers = 0});
  std::vector<std::string> ids;
  for (auto& row : journal.list(true)) ids.push_back(std::move(row.id));
  const std::size_t before = allocated_bytes();
  const double took = seconds([&] {
    for (const auto& id : ids) engine.adopt(id);
  });
  const std::size_t after = allocated_bytes();
  fmt::print("{} budget executions: {:.0f} bytes of memory each (aim under 4096), taken over in {:.2f} s\n",
             engine.executions(), static_cast<double>(after - std::min(before, after)) / count, took);
}

void validation(const std::string& program) {
  tests::Temporary folder;
  const std::string text = os::read_file("examples/test-3c/db-app1-mysqlinstd.json");
  std::vector<std::string> arguments = {program, "validate"};
  for (int i = 0; i < 1'000; ++i) {
    arguments.push_back((folder.path() / fmt::format("{}.json", i)).string());
    std::ofstream(arguments.back()) << text;
  }
  std::vector<double> all;
  for (int round = 0; round < 5; ++round)
    all.push_back(seconds([&] {
      os::run_or_throw({.argv = arguments}, real_clock, real_clock.now() + std::chrono::minutes(5), {});
    }));
  fmt::print("validate: 1000 refresh files of {} bytes, {:.0f} files/s (median of 5)\n", text.size(),
             1'000 / median(all));
}

double between(const Json& attempts, const std::string& state) {
  for (const Json& each : attempts)
    if (each["state"] == state)
      return std::chrono::duration<double>(*base::parse_iso_offset(each["ended"].get<std::string>()) -
                                           *base::parse_iso_offset(each["started"].get<std::string>()))
          .count();
  return 0;
}

/// The demo's third refresh against the sum of what its servers took: copy and start, scripts, stops and
/// starts.
void whole_refresh(const std::string& program) {
  tests::Temporary home;
  provider::local::open_home(home.path());
  const fs::path answer = home.path() / "answer";
  /// Runs a line of shell; its standard output.
  auto run = [&](const std::string& line) {
    os::run_or_throw(
        {.argv = {"/bin/sh", "-c", "( " + line + " ) > " + answer.string()}, .folder = fs::current_path()},
        real_clock, real_clock.now() + std::chrono::minutes(5), {});
    return os::read_file(answer);
  };
  struct Cleanup {
    std::function<void()> work;
    ~Cleanup() { work(); }
  } const cleanup{[&] {
    os::run(
        {.argv = {"/bin/sh", "-c",
                  fmt::format("for i in mysqlinstd mysqlinstp; do {} --home {} local delete $i --force; done",
                              program, home.path().string())}},
        real_clock, real_clock.now() + std::chrono::minutes(1), {});
  }};
  const std::string us = fmt::format("{} --home {} ", program, home.path().string());
  run(
      fmt::format("echo pw | {} local create mysqlinstp --password-file - --database mysqldbp && {} local "
                  "connect mysqlinstp < examples/production.sql && cp -r examples/buckets {}",
                  us, us, home.path().string()));
  const int port = tests::any_port();
  auto file = [&](const std::string& name) {
    const auto to = home.path() / "file.json";
    run(fmt::format("sed 's/3307/{}/' {} > {}", port, name, to.string()));
    return to.string();
  };
  run(us + "run " + file("examples/db-app1-mysqlinstd.json") + " --unmasked 'the rows are made up'");
  std::vector<double> overheads, wholes;
  const std::string masked = file("examples/test-3c/db-app1-mysqlinstd.json");
  for (int round = 0; round < 5; ++round) {
    const double whole = seconds([&] { run(us + "run " + masked); });
    const Json list = Json::parse(run(us + "--json list"));
    const Json attempts =
        Json::parse(run(us + "--json history " + list.back()["run"].get<std::string>()))["attempts"];
    double servers = 0;
    for (const char* state : {"perform-restore", "run-scripts-mysql", "set-aside", "rename-database",
                              "stop-old-database", "delete-old-database"})
      servers += between(attempts, state);
    overheads.push_back(100 * (whole - servers) / servers);
    wholes.push_back(whole);
  }
  fmt::print(
      "whole refresh: {:.2f} s, overhead {:.0f} % over its servers' own copy, start, stop and script times "
      "(median of 5)\n",
      median(wholes), median(overheads));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: bench PROGRAM (from the top of the working copy)\n");
    return 2;
  }
  const std::string program = fs::absolute(argv[1]).string();
  try {
    durable_transitions();
    waiting_executions();
    validation(program);
    whole_refresh(program);
    points();
    clones();
  } catch (const base::Error& error) {
    fmt::print(stderr, "bench: {}\n", to_string(error));
    return 1;
  }
}
