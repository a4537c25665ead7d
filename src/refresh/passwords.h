// The passwords of a refresh file, apart from it.
#pragma once

#include <functional>

#include "refresh/file.h"

namespace refresh {

/// Takes all passwords out of a file's document, of members that do not run and of checks too. Where they
/// stood:
/// "$.<member>.temppwd".
std::vector<std::string> take_passwords(Json& document);

/// Puts those back that a run keeps: {"<member>.temppwd": …}, as RefreshFile::secrets names them.
void put_passwords(Json& document, const Json& kept);

/// What is wrong with the new master password where the file says it, for the engine of the file's source;
/// nothing if nothing is, or if neither is there. `objection` says why an engine does not take a password, ""
/// if it does.
std::optional<Problem> master_password_problem(
    const RefreshFile& file, provider::DatabaseService& databases,
    const std::function<std::string(const base::Secret&, const std::string& engine)>& objection);

/// Keeps the passwords of a run's file in a store, under the run's name, for as long as the run is open.
void seal_passwords(provider::SecretStore& secrets, const std::string& run, const RefreshFile& file);

}  // namespace refresh
