// Segments of PostgreSQL's log.
#pragma once

#include <string>

#include "os/files.h"

namespace provider::local {

/// Timeline, log and segment, 8 hex digits each.
bool is_wal_segment(const std::string& name);
/// The segment that a copy's backup_label says to begin with; "" if it has none.
std::string first_segment_of(const os::fs::path& data);

}  // namespace provider::local
