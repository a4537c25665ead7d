// Which databases have not been refreshed for too long, by the ledger.
#pragma once

#include "base/clock.h"
#include "base/json.h"
#include "provider/provider.h"

namespace lambda {

/// The state that an event names for this; no state of the machine.
inline constexpr const char* overdue_state = "overdue";

/// `event` is {days, topic} (deploy/awssoldb_orchestration.template). Sends one message that names each
/// database of the ledger's rows whose last refresh that succeeded, or whose first attempt where none has, is
/// more than so many days ago; those that are gone from the account are left out, and for none no message is
/// sent. Answers {overdue: [name, …]}. Throws BadEvent, and what ledger and topic answer.
base::Json tell_overdue(const base::Json& event, provider::Services& services, base::Time now);

}  // namespace lambda
