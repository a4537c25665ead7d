// The passwords of a refresh file, apart from it.
#pragma once

#include "refresh/file.h"

namespace refresh {

/// Takes all passwords out of a file's document, of members that do not run and of checks too. Where they
/// stood:
/// "$.<member>.temppwd".
std::vector<std::string> take_passwords(Json& document);

/// Puts those back that a run keeps: {"<member>.temppwd": …}, as RefreshFile::secrets names them.
void put_passwords(Json& document, const Json& kept);

/// Keeps the passwords of a run's file in a store, under the run's name, for as long as the run is open.
void seal_passwords(provider::SecretStore& secrets, const std::string& run, const RefreshFile& file);

}  // namespace refresh
