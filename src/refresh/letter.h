// What is told of a run that has ended: to a topic, by mail, to a webhook.
#pragma once

#include <chrono>

#include "refresh/step.h"

namespace refresh {

/// The moment that the copy shows, as the ledger writes it; "" where none was made.
std::string data_time_of(const StepContext& step);
/// Why the run failed.
std::string cause_of(const StepContext& step);
/// Since the run began.
std::chrono::seconds time_taken(const StepContext& step);

/// `succeeded`, `failed` or `not_put_back`.
std::string_view outcome_of(const StepContext& step, bool failed);
/// Without its recipients. No password is in it, and nothing of what a database holds.
provider::Message message_of(StepContext& step, bool failed);

}  // namespace refresh
