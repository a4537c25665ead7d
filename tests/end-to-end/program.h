// The program itself, as a user runs it, against real servers in a home of its own.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "os/process.h"
#include "tests/port.h"
#include "tests/temporary.h"

namespace tests {

/// A home whose servers are gone, processes and all, when it goes. Its settings allow unmasked copies: the
/// data of tests is made up.
class Home {
 public:
  Home() { prepare(); }
  /// In a folder that is there already and stays.
  explicit Home(os::fs::path root) : root_(std::move(root)) { prepare(); }
  Home(const Home&) = delete;
  Home& operator=(const Home&) = delete;
  ~Home();

  /// Runs the program to its end.
  os::Finished run(std::vector<std::string> arguments);
  /// run(), with the exit code checked; returns the output.
  std::string must(const std::vector<std::string>& arguments);
  /// SQL through `local connect`; the rows, columns separated by tabs.
  std::string sql(const std::string& instance, const std::string& statements);
  /// The program's answer to a command with --json.
  base::Json json(const std::vector<std::string>& arguments);

  /// What `local list` says of a database; null if there is none of that name.
  base::Json named(const std::string& name);

  /// A production instance `mysqlinstp` with the demo's tables and `customers` rows, and the scripts' bucket.
  void make_production(const std::string& password = "production pw", int customers = 3);
  /// An example's refresh file with a port of our own and any replacements, written into the home; its path.
  std::string file(const std::string& example,
                   const std::vector<std::pair<std::string, std::string>>& replacements = {});

  const os::fs::path& path() const { return root_; }
  int port() const { return port_; }

 private:
  void prepare();

  Temporary folder_;
  os::fs::path root_ = folder_.path();
  int port_ = any_port();
};

/// SQL in one of the home's own files.
void execute(const os::fs::path& file, const char* sql);

}  // namespace tests
