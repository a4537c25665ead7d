// validate, convert, schema.
#include <fmt/format.h>

#include <iostream>

#include "base/error.h"
#include "cli/command.h"
#include "cli/output.h"
#include "runs/plan.h"
#include "shortfile/convert.h"
#include "shortfile/schema.h"
#include "shortfile/yaml.h"

namespace cli {
namespace {

using base::Json;

int validate(const std::vector<std::string>& paths, const Options& options) {
  base::SystemClock clock;
  std::size_t good = 0;
  Json all = Json::array();
  for (const auto& path : paths) {
    const auto file = runs::read_refresh_file(path, clock.now());
    good += file.ok() ? 1 : 0;
    for (auto& each : runs::problems_view(path, file.problems)) all.push_back(std::move(each));
    if (!options.json) print_problems(path, file.problems, options);
  }
  if (options.json)
    print_json({{"valid", good}, {"files", paths.size()}, {"problems", all}});
  else
    std::cout << fmt::format("{} of {} refresh files are valid\n", good, paths.size());
  return good == paths.size() ? Exit::done : Exit::bad_input;
}

Body set_up_validate(Arguments& arguments, const Options& options) {
  auto paths = std::make_shared<std::vector<std::string>>();
  arguments.add("FILE", *paths, "refresh files").required();
  return [paths, &options] { return validate(*paths, options); };
}

int convert(const std::string& path, const Options& options) {
  const auto planned = runs::read_refresh_file(path, base::SystemClock().now());
  if (!planned.ok()) {
    print_problems(path, planned.problems, options);
    return Exit::bad_input;
  }
  if (!planned.file.origins.empty()) throw base::Error("BadInput", fmt::format("{} is a short file", path));
  const auto password = planned.file.names.target + ".password";
  const auto converted = shortfile::convert(planned.file.document.value(), planned.file, password);
  if (options.json)
    print_json(Json(converted.file));
  else
    std::cout << shortfile::dump_yaml(converted.file);
  if (converted.has_password)
    std::cerr << fmt::format(
        "note: passwords have no place in a short file: write it to {}, mode 0600, beside the file, or let "
        "it be "
        "made up (password: generated)\n",
        password);
  return Exit::done;
}

Body set_up_convert(Arguments& arguments, const Options& options) {
  auto path = std::make_shared<std::string>();
  arguments.add("FILE", *path, "refresh file in the sample's form").required();
  return [path, &options] { return convert(*path, options); };
}

Body set_up_schema(Arguments&, const Options&) {
  return [] {
    print_json(shortfile::schema());
    return Exit::done;
  };
}

}  // namespace

std::span<const Command> file_commands() {
  static constexpr Command commands[] = {
      {"validate", "check refresh files alone", set_up_validate},
      {"convert", "print a refresh file of the sample's form as a short one", set_up_convert},
      {"schema", "print a JSON Schema of short refresh files, for editors", set_up_schema},
  };
  return commands;
}

}  // namespace cli
