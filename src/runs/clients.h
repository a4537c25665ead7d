// How clients reach a database: what they are told, but for the password.
#pragma once

#include "runs/world.h"

namespace runs {

/// {name, host, port, user, database, open, tls, authority, secret, secretCommand, client, jdbc, environment}
base::Json clients_view(LocalWorld& world, const provider::Database& database);

/// A word of a shell's command line.
std::string shell_word(const std::string& text);

}  // namespace runs
