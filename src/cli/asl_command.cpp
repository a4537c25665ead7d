// asl show, asl run.
#include <fmt/format.h>

#include <iostream>

#include "base/error.h"
#include "cli/command.h"
#include "cli/output.h"
#include "os/files.h"
#include "refresh/document.h"
#include "runs/asl_run.h"

namespace cli {
namespace {

using base::Error;
using base::Json;

Body set_up_show(Arguments& arguments, const Options& options) {
  auto whom = std::make_shared<std::string>("engine");
  arguments
      .add("--for", *whom,
           "engine: that of this program (default); aws: Step Functions, with functions of AWS Lambda")
      .one_of({"engine", "aws"});
  return [whom, &options] {
    const auto machine = *whom == "aws" ? refresh::step_functions_machine() : refresh::state_machine();
    std::cout << machine.dump(options.json ? -1 : 2) << "\n";
    return 0;
  };
}

struct AslArgs {
  std::string definition, input, batch;
  bool virtual_clock = false;
};

runs::AslOutcome run_one(const base::LocatedJson& definition, const Json& input, bool virtual_clock) {
  const auto machine = asl::parse_machine(definition);
  base::SystemClock real;
  base::VirtualClock fast(real.now());
  base::Clock& clock = virtual_clock ? static_cast<base::Clock&>(fast) : real;
  return runs::run_machine(machine, input, clock, os::random_seed());
}

Json parse(const std::string& text, const std::string& what) {
  Json value = Json::parse(text, nullptr, false);
  if (value.is_discarded()) throw Error("BadInput", fmt::format("{} is not valid JSON", what));
  return value;
}

/// One line in, one line out; a document that is not valid is an answer too.
Json answer_line(const std::string& line, std::size_t number, bool virtual_clock) {
  const Json request = parse(line, fmt::format("line {}", number));
  Json answer;
  try {
    const Json& definition = request.at("definition");
    const std::string text = definition.is_string() ? definition.get<std::string>() : definition.dump();
    answer = to_json(
        run_one(base::LocatedJson::parse(text), request.value("input", Json::object()), virtual_clock));
  } catch (const Error& error) {
    answer = {
        {"status", "INVALID"}, {"error", error.code}, {"cause", error.message}, {"events", Json::array()}};
  }
  if (request.contains("id")) answer["id"] = request["id"];
  return answer;
}

int run_batch(const AslArgs& args) {
  const std::string text = read_input(args.batch, 1U << 30U);
  std::size_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    ++number;
    if (const std::string line = text.substr(at, end - at);
        line.find_first_not_of(" \t\r") != std::string::npos)
      std::cout << answer_line(line, number, args.virtual_clock).dump() << "\n";
    at = end + 1;
  }
  return 0;
}

Body set_up_asl_run(Arguments& arguments, const Options&) {
  auto args = std::make_shared<AslArgs>();
  const auto batch =
      arguments
          .add("--batch", args->batch,
               "file with {id, definition, input} a line (- for standard input); one answer a line")
          .or_else("-");
  arguments.add("--definition", args->definition, "state machine document").excludes(batch);
  arguments.add("--input", args->input, "input of the execution (default: {})").excludes(batch);
  arguments.flag("--virtual-clock", args->virtual_clock, "waits take no time");
  return [args, batch] {
    if (batch.given())
      return run_batch(
          AslArgs{.batch = args->batch.empty() ? "-" : args->batch, .virtual_clock = args->virtual_clock});
    if (args->definition.empty()) throw Error("BadInput", "asl run needs --definition or --batch");
    const Json input = args->input.empty() ? Json::object() : parse(os::read_file(args->input), args->input);
    const auto outcome =
        run_one(base::LocatedJson::parse(os::read_file(args->definition)), input, args->virtual_clock);
    print_json(to_json(outcome));
    return static_cast<int>(outcome.status == "SUCCEEDED" ? Exit::done : Exit::failed);
  };
}

}  // namespace

std::span<const Command> asl_commands() {
  static constexpr Command commands[] = {
      {"show", "the state machine document of a refresh", set_up_show},
      {"run", "run any state machine document, tasks excepted", set_up_asl_run},
  };
  return commands;
}

}  // namespace cli
