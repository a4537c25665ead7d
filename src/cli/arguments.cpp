#include "cli/arguments.h"

#include <CLI/CLI.hpp>

namespace cli {

Argument Argument::required() const {
  option_->required();
  return *this;
}

Argument Argument::between(int low, int high) const {
  option_->check(CLI::Range(low, high));
  return *this;
}

Argument Argument::one_of(std::vector<std::string> words) const {
  option_->check(CLI::IsMember(std::move(words)));
  return *this;
}

Argument Argument::excludes(const Argument& other) const {
  option_->excludes(other.option_);
  return *this;
}

Argument Argument::needs(const Argument& other) const {
  option_->needs(other.option_);
  return *this;
}

Argument Argument::or_else(const std::string& value) const {
  option_->expected(0, 1)->default_str(value);
  return *this;
}

bool Argument::given() const {
  return option_->count() > 0;
}

Argument Arguments::add(const char* name, std::string& to, const char* help) {
  return Argument(command_.add_option(name, to, help));
}

Argument Arguments::add(const char* name, int& to, const char* help) {
  return Argument(command_.add_option(name, to, help));
}

Argument Arguments::add(const char* name, std::vector<std::string>& to, const char* help) {
  return Argument(command_.add_option(name, to, help));
}

Argument Arguments::flag(const char* name, bool& to, const char* help) {
  return Argument(command_.add_flag(name, to, help));
}

Argument Arguments::size(const char* name, std::uint64_t& to, const char* help) {
  return Argument(command_.add_option(name, to, help)->transform(CLI::AsSizeValue(false)));
}

}  // namespace cli
