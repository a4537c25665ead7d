// Accounts of the operating system that we make, one for each server, and remove. Only root can.
#pragma once

#include <filesystem>
#include <vector>

#include "os/account.h"

namespace os {

/// The numbers that such accounts get, both ends included.
struct UidRange {
  unsigned first = 58'000, last = 59'899;
};

/// Makes an account that nobody can log in to, with a group of its own; `home` is what its entry names as its
/// folder. Processes that make accounts at the same time wait for each other. Throws NoAccount.
Ids make_account(const std::string& name, const std::filesystem::path& home, const UidRange& range);

/// Ends all that runs as the account, and removes it; what it owns stays. Throws NoAccount.
void remove_account(const Ids& account);

/// The accounts of this host (/etc/passwd) whose names begin with `prefix` and whose folder is `home`, or
/// lies in it.
std::vector<Ids> accounts_of(const std::string& prefix, const std::filesystem::path& home);

}  // namespace os
