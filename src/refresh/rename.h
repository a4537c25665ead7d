#pragma once

#include "refresh/lookup.h"

namespace refresh {

/// Is `name` this run's own database now, settled, open, and does its new password open it?
Progress has_taken_name(StepContext& step, const provider::Database& ours, const std::string& name);

}  // namespace refresh
