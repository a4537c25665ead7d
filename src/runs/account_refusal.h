// What is said where an account of Amazon's does not take whoever runs us: which service said so, as whom it
// was asked, and what to do.
#pragma once

#include <optional>

#include "base/error.h"
#include "base/json.h"

namespace runs {

inline constexpr const char* account_refused = "AccountRefused";

/// An error of this code for an error that says that there are no credentials, that they are not taken, that
/// a role may not be assumed, or that the Region is not there; nothing for any other. `whereabouts` as for
/// AmazonWorld: nothing where its provider is another.
std::optional<base::Error> refusal_of_account(const base::Error& error, const base::Json& whereabouts);

/// World::place() of an account that cannot be asked, as far as `whereabouts` and the files of the AWS CLI
/// say it: "ACCOUNT/REGION", "?" standing for what is not known.
std::string presumed_place(const base::Json& whereabouts);

}  // namespace runs
