// The first task of an execution: what it was started with becomes the input of a run.
#pragma once

#include "base/json.h"
#include "provider/provider.h"

namespace lambda {

/// `event` is as the published document gives it (refresh/step_functions.cpp): {file, execution, started}.
/// The file is a refresh file, as the original's launcher sends it; or one without its passwords and with the
/// member `dbrefresh`, as ours does (refresh/launch.h), which are in the account by then. Whatever passwords
/// the file has are kept in the account for the run, and told in `leaked`: who may look at executions has
/// seen them. Asked again for the same execution it answers the same.
///
/// Throws BadInput, with all that is wrong with the file, and for one that masks nothing, unless that is
/// allowed here.
base::Json prepare(const base::Json& event, provider::Services& services, bool allow_unmasked);

}  // namespace lambda
