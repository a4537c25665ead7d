#include "cli/run_output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <iostream>

#include "cli/command.h"
#include "cli/output.h"
#include "cli/progress.h"

namespace cli {
namespace {

using base::Json;

void print_completed(const Json& outcome) {
  const auto target = outcome["target"].get<std::string>();
  std::cout << fmt::format("done: {} is refreshed (run {}, {})\n", target.substr(target.find('/') + 1),
                           outcome["run"].get<std::string>(), seconds_text(outcome["seconds"]));
  const Json& made = outcome["connect"];
  if (made.is_null()) return;
  std::cout << fmt::format("      connect: {}:{} as {}, or: {}\n", made["host"].get<std::string>(),
                           made["port"].get<int>(), made["user"].get<std::string>(),
                           made["command"].get<std::string>());
}

void print_failed(const Json& outcome) {
  std::cerr << fmt::format("failed: run {}: {}\nstate: {}\nhint: {}\n", outcome["run"].get<std::string>(),
                           outcome["cause"].is_null() ? "" : outcome["cause"].get<std::string>(),
                           outcome["state"].get<std::string>(), outcome["hint"].get<std::string>());
}

}  // namespace

std::unique_ptr<runs::Listener> make_listener(base::Clock& clock, bool json, const std::string& file) {
  if (json) return std::make_unique<runs::Listener>();
  return std::make_unique<Progress>(clock, ::isatty(STDOUT_FILENO) == 1, file);
}

int print_outcome(const Json& outcome, bool json) {
  const auto status = outcome["status"].get<std::string>();
  if (json)
    print_json(outcome);
  else if (status == "SUCCEEDED")
    print_completed(outcome);
  else if (status == "RUNNING")
    std::cerr << fmt::format("interrupted: run {} can be taken up again\nhint: {}\n",
                             outcome["run"].get<std::string>(), outcome["hint"].get<std::string>());
  else
    print_failed(outcome);
  return status == "SUCCEEDED" ? Exit::done : status == "RUNNING" ? Exit::interrupted : Exit::failed;
}

}  // namespace cli
