#include "cli/run_output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <iostream>

#include "cli/output.h"
#include "cli/progress.h"
#include "runs/housekeeping.h"

namespace cli {
namespace {

using base::Json;

void print_completed(const Json& outcome, const Options& options) {
  const auto target = outcome["target"].get<std::string>();
  std::cout << fmt::format("done: {} is refreshed (run {}, {})\n", target.substr(target.rfind('/') + 1),
                           outcome["run"].get<std::string>(), seconds_text(outcome["seconds"]));
  if (!outcome["unmaskedReason"].is_null())
    std::cout << fmt::format("      UNMASKED: {}\n", outcome["unmaskedReason"].get<std::string>());
  const Json& made = outcome["connect"];
  if (made.is_null()) return;
  const bool here = !made["command"].is_null();
  std::cout << fmt::format("      connect: {}:{} as {}{}\n", made["host"].get<std::string>(),
                           made["port"].get<int>(), made["user"].get<std::string>(),
                           here ? ", or: " + made["command"].get<std::string>() : "");
  if (!made["authority"].is_null())
    std::cout << fmt::format("      TLS: {}, proven by {}\n",
                             made["tls"] == "require" ? "demanded" : "offered",
                             made["authority"].get<std::string>());
  if (made["secret"].is_null()) return;
  const auto secret = made["secret"].get<std::string>();
  std::cout << "      password: "
            << (here ? with_home("dbrefresh local secret " + secret + " --reveal", options)
                     : "in the secret " + secret + " of Secrets Manager")
            << "\n";
}

void print_interrupted(const Json& outcome) {
  std::cerr << fmt::format("interrupted: run {} {}\nhint: {}\n", outcome["run"].get<std::string>(),
                           outcome["cancelRequested"].get<bool>()
                               ? "was told to stop, and not everything is put back yet"
                               : "can be taken up again",
                           outcome["hint"].get<std::string>());
}

void print_refused(const Json& outcome) {
  std::cerr << fmt::format("refused: run {}: {}\nhint: {}\n", outcome["run"].get<std::string>(),
                           outcome["state"].get<std::string>(), outcome["hint"].get<std::string>());
}

void print_failed(const Json& outcome) {
  std::cerr << fmt::format("failed: run {}: {}\nstate: {}\n", outcome["run"].get<std::string>(),
                           outcome["cause"].is_null() ? "" : outcome["cause"].get<std::string>(),
                           outcome["state"].get<std::string>());
  if (const Json& kept = outcome["kept"]; !kept.is_null())
    std::cerr << fmt::format(
        "kept: {}, closed to users{}\n", kept["name"].get<std::string>(),
        kept["command"].is_null() ? "" : "; look at it with: " + kept["command"].get<std::string>());
  std::cerr << fmt::format("hint: {}\n", outcome["hint"].get<std::string>());
}

}  // namespace

void declare_unmasked(Arguments& arguments, std::string& reason) {
  arguments.add("--unmasked", reason,
                "why a refresh that masks nothing is made all the same; ledger, message and list say so");
}

void declare_request(Arguments& arguments, runs::Request& request) {
  declare_unmasked(arguments, request.unmasked);
  arguments.flag("--keep-failed", request.keep_failed,
                 "if the run fails, keep its copy, closed, as <target>-failed-<run>");
}

std::unique_ptr<runs::Listener> make_listener(base::Clock& clock, const Options& options) {
  if (options.json) return std::make_unique<runs::Listener>();
  return std::make_unique<Progress>(clock, ::isatty(STDOUT_FILENO) == 1, options);
}

int exit_of(const Json& outcome) {
  const auto status = outcome["status"].get<std::string>();
  return status == "SUCCEEDED" ? Exit::done
         : status == "RUNNING" ? Exit::interrupted
         : status == "REFUSED" ? Exit::bad_input
                               : Exit::failed;
}

int print_outcome(const Json& given, const Options& options) {
  const Json outcome = with_home(given, options);
  const int code = exit_of(outcome);
  if (options.json)
    print_json(outcome);
  else if (code == Exit::done)
    print_completed(outcome, options);
  else if (code == Exit::interrupted)
    print_interrupted(outcome);
  else if (code == Exit::bad_input)
    print_refused(outcome);
  else
    print_failed(outcome);
  return code;
}

int tell_outcome(runs::World& world, const std::string& id, const Options& options) {
  if (!world.journal.find(id))
    throw base::Error("BadInput", fmt::format("run {} was refused, and no trace of it could be kept", id),
                      "what was wrong with it, and with keeping it, is said above");
  const int code = print_outcome(runs::outcome_view(world, id), options);
  runs::send_notices(world);
  return code;
}

}  // namespace cli
