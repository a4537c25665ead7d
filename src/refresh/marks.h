// The durable mark of how far the scripts have come on a copy, and what verify goes by.
#pragma once

#include "provider/provider.h"

namespace refresh {

/// Scripts run in slices: one for each call. The tag `refresh-scripts` of the copy says `<run>:<slices
/// begun>`, from its restore on, and `<run>:done` after the last statement. A slice begins only where the
/// mark says as many as the state of the run knows to have ended, and raises it before its first statement:
/// so no statement runs twice on one copy, whoever dies or is asked again. Two who are asked at the same
/// moment could both read the same mark: it is read, raised and gone by under a lock of the copy's own
/// server, which a session holds that is no script's. Where scripts run on another host, no session of ours
/// is there while they do, and the mark says how far all of them are: what single ones have come to is in
/// tickets.h.
provider::Tags scripts_mark(const std::string& run, std::int64_t slices_begun);
provider::Tags scripts_done_mark(const std::string& run);
bool has_mark(const provider::Database& database, const provider::Tags& mark);
/// Is there any mark of scripts on it? There is none on the copy of a run that has no scripts.
bool has_scripts_mark(const provider::Database& database);
/// The name of that lock.
std::string scripts_lock(const std::string& run);

}  // namespace refresh
