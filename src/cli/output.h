// How answers look: tables and lines for people, one JSON document for machines.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/json.h"

namespace cli {

struct Options;

/// `text` with the --home of the command line in each command of ours that it names: hints are to be pasted.
/// Those who have set DBREFRESH_HOME to it need none. A home's path needs no quotes (docs/home.md).
std::string with_home(const std::string& text, const Options& options);
/// The same for all texts in `answer`.
base::Json with_home(base::Json answer, const Options& options);

/// Columns padded to their widest cell; the first row is the heading.
std::string table(const std::vector<std::vector<std::string>>& rows);

/// One document, one line, on standard output.
void print_json(const base::Json& answer);

/// A column of a table: its heading, and the member of each row that is in it.
struct Column {
  const char* heading;
  const char* member;
};

/// Prints the rows as a table, or as they are with --json.
void print_rows(const base::Json& rows, std::span<const Column> columns, bool json);

/// Prints what came of several things (runs::done_view), as lines or as they are; the exit code.
int print_done(const base::Json& all, const char* verb, bool json);

/// Prints problems as `file:line: path: message` to standard error.
void print_problems(const std::string& file, const std::vector<base::Problem>& problems,
                    const Options& options);

/// A member of an answer for a table: `-` where it is null, `yes` and `no`, a time without its zone (the
/// heading says UTC), the first line of a text.
std::string cell(const base::Json& value);

/// `4.2 s`, of a number of seconds; `-` where it is null.
std::string seconds_text(const base::Json& seconds);

/// Of an answer about a run that could not be rolled back: the command that does it again.
void print_way_back(const base::Json& view, const Options& options);

/// `copying 1.0 GiB of 2.1 GiB, 310 MiB/s`, of a run's `progress`.
std::string progress_text(const base::Json& progress);

/// A file, or standard input for "-": what is secret is never an argument, because all can see those.
std::string read_input(const std::string& path, std::size_t most_bytes);

}  // namespace cli
