#include "cli/output.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "base/clock.h"
#include "base/text.h"
#include "cli/command.h"
#include "os/files.h"

namespace cli {
namespace {

constexpr std::string_view program_word = "dbrefresh ";

/// Is a command of ours named at `at`, where the program's name ends?
bool names_command(std::string_view text, std::size_t at, const Options& options) {
  return std::ranges::any_of(options.commands, [&](const std::string& command) {
    const auto rest = text.substr(at);
    return rest.starts_with(command) && (rest.size() == command.size() || rest[command.size()] == ' ');
  });
}

}  // namespace

std::string with_home(const std::string& text, const Options& options) {
  const char* usual = std::getenv("DBREFRESH_HOME");
  if (options.home.empty() || (usual != nullptr && options.home == usual)) return text;
  std::string out = text;
  for (auto at = out.find(program_word); at != std::string::npos; at = out.find(program_word, at)) {
    const bool begins = at == 0 || std::string_view(" (\n").find(out[at - 1]) != std::string_view::npos;
    at += program_word.size();
    if (begins && names_command(out, at, options)) out.insert(at, "--home " + options.home + " ");
  }
  return out;
}

base::Json with_home(base::Json answer, const Options& options) {
  if (answer.is_string()) return with_home(answer.get<std::string>(), options);
  if (answer.is_structured())
    for (base::Json& each : answer) each = with_home(std::move(each), options);
  return answer;
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += fmt::format("{:<{}}  ", row[i], widths[i]);
    out += std::string(line.substr(0, line.find_last_not_of(' ') + 1)) + "\n";
  }
  return out;
}

void print_json(const base::Json& answer) {
  std::cout << answer.dump(-1, ' ', false, base::Json::error_handler_t::replace) << "\n";
}

void print_rows(const base::Json& rows, std::span<const Column> columns, bool json) {
  if (json) return print_json(rows);
  std::vector<std::vector<std::string>> lines(1);
  for (const auto& column : columns) lines[0].emplace_back(column.heading);
  for (const auto& row : rows) {
    auto& line = lines.emplace_back();
    for (const auto& column : columns) line.push_back(cell(row.at(column.member)));
  }
  std::cout << table(lines);
}

int print_done(const base::Json& all, const char* verb, bool json) {
  if (json) print_json(all);
  bool good = true;
  for (const auto& each : all) {
    const auto name = each["name"].get<std::string>();
    good &= each["error"].is_null();
    if (!each["error"].is_null())
      std::cerr << fmt::format("{}: {}\n", name, each["error"].get<std::string>());
    else if (!json)
      std::cout << fmt::format("{} {} {}\n", name, verb, each["result"].get<std::string>());
  }
  return good ? Exit::done : Exit::failed;
}

void print_problems(const std::string& file, const std::vector<base::Problem>& problems,
                    const Options& options) {
  for (const auto& each : problems) std::cerr << with_home(base::to_string(file, each), options) << "\n";
}

std::string cell(const base::Json& value) {
  if (value.is_null()) return "-";
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (!value.is_string()) return value.dump();
  const auto text = value.get<std::string>();
  if (const auto time = base::parse_iso_offset(text)) return base::ledger_utc(*time);
  return text.substr(0, text.find('\n'));
}

std::string seconds_text(const base::Json& seconds) {
  if (seconds.is_null()) return "-";
  return base::human_duration(
      std::chrono::microseconds(static_cast<std::int64_t>(seconds.get<double>() * 1'000'000)));
}

void print_way_back(const base::Json& view, const Options& options) {
  if (view["notPutBack"].is_null()) return;
  std::cout << "hint: mend that, and: "
            << with_home("dbrefresh resume " + view["run"].get<std::string>(), options) << "\n";
}

std::string progress_text(const base::Json& progress) {
  auto text = progress["what"].get<std::string>();
  const std::uint64_t total = progress["total"], rate = progress["bytesPerSecond"];
  if (total > 0)
    text += fmt::format(" {} of {}", base::human_bytes(progress["done"]), base::human_bytes(total));
  if (total > 0 && rate > 0) text += fmt::format(", {}/s", base::human_bytes(rate));
  return text;
}

std::string read_input(const std::string& path, std::size_t most_bytes) {
  return path == "-" ? std::string(std::istreambuf_iterator<char>(std::cin), {})
                     : os::read_file(path, most_bytes);
}

}  // namespace cli
