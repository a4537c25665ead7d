// The least that IAM must allow for some refresh files: `dbrefresh --provider aws iam policy`.
#pragma once

#include "refresh/file.h"

namespace runs {

class AmazonWorld;

/// The policy document for files that are ok(), in that world. Looks at the account for what hangs on the
/// databases that are to be replaced.
base::Json policy_of(AmazonWorld& world, const std::vector<refresh::RefreshFile>& files);

/// The same for files by their paths, in the account and Region of `whereabouts`, as AmazonWorld takes it.
/// Throws BadInput for a file that is not valid, and AccountRefused (account_refusal.h).
base::Json iam_policy(const std::string& root, const base::Json& whereabouts,
                      const std::vector<std::string>& paths);

}  // namespace runs
