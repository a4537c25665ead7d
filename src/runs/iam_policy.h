// The least that IAM must allow for some refresh files: `dbrefresh --provider aws iam policy`.
#pragma once

#include "base/json.h"

namespace runs {

/// The policy document for files, in the account and Region of `whereabouts`, as AmazonWorld takes it. Looks
/// at the account for what hangs on the databases that are to be replaced. Throws BadInput for a file that is
/// not valid, and AccountRefused (account_refusal.h).
base::Json iam_policy(const std::string& root, const base::Json& whereabouts,
                      const std::vector<std::string>& paths);

}  // namespace runs
