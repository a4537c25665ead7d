// Pages for man(1), one a command, made from the command line itself.
#pragma once

#include <string>

#include "cli/description.h"

namespace cli {

/// `dbrefresh-local-create`: what the page of a command is called, without its section, which is 1.
std::string page_name(const PlacedCommand& command);

/// The page, in the macros of man(7), UTF-8. `program` is what all commands are in: its options are those of
/// each, and its page lists every command.
std::string man_page(const PlacedCommand& command, const CommandDescription& program);

}  // namespace cli
