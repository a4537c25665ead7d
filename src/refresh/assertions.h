// What must hold in the databases of a copy once its scripts have run.
#pragma once

#include "refresh/step.h"

namespace refresh {

/// Asks every assertion of the file, in a transaction that may only read. Throws AssertionFailed for the
/// first that does not answer with one row of one column that is true (1, t or true); what it answers is
/// never told: it may be a value of a row. Repeated, it asks again.
void check_assertions(StepContext& step, const provider::Database& copy, const base::Secret& password);

}  // namespace refresh
