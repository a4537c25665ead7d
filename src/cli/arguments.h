// What a command takes: declared here, parsed by CLI11, which only arguments.cpp, description.cpp and
// program.cpp include (it takes 20 seconds to compile).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace cli {

/// One argument that was declared. Refers to it: valid as long as the program parses.
class Argument {
 public:
  explicit Argument(CLI::Option* option) : option_(option) {}
  Argument required() const;
  Argument between(int low, int high) const;
  Argument one_of(std::vector<std::string> words) const;
  Argument excludes(const Argument& other) const;
  Argument needs(const Argument& other) const;
  /// Its value may be left out, and is then `value`.
  Argument or_else(const std::string& value) const;
  /// Was it on the command line? Asked when the command runs.
  bool given() const;

 private:
  CLI::Option* option_;
};

/// The arguments of one command: `NAME` has its place, `--name` is an option. Each variable keeps its value
/// unless the argument is given, and must outlive the parsing.
class Arguments {
 public:
  explicit Arguments(CLI::App& command) : command_(command) {}
  Argument add(const char* name, std::string& to, const char* help);
  Argument add(const char* name, int& to, const char* help);
  Argument add(const char* name, std::vector<std::string>& to, const char* help);
  Argument flag(const char* name, bool& to, const char* help);
  /// A size: `20G`, `512M`.
  Argument size(const char* name, std::uint64_t& to, const char* help);

 private:
  CLI::App& command_;
};

}  // namespace cli
