// Completion of command lines by shells, made from the command line itself: commands, options, words that a
// value may be; files for all else.
#pragma once

#include <string>

#include "cli/description.h"

namespace cli {

std::string bash_completion(const CommandDescription& program);
std::string zsh_completion(const CommandDescription& program);
std::string fish_completion(const CommandDescription& program);

}  // namespace cli
