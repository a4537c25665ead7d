// What a run leaves in its home: the secrets of its file while it is open, its row; and what is swept away of
// it.
#pragma once

#include "refresh/file.h"
#include "runs/world.h"

namespace runs {

/// Removes the secrets of runs that are not open: of one that ended without getting to it, and of one that
/// was never begun. A run's secrets are written before its row in the journal, so that whoever takes it up
/// has them: those without a row are spared for an hour.
void sweep_secrets(World& world);

/// Sends what notices() of a world has, and what earlier commands could not deliver, when what a command was
/// for is done: it may take half a minute where a mail server is away. What cannot be sent now is sent next
/// time; looking at the databases shows the same.
void send_notices(World& world);

/// Removes runs from the journal that ended longer ago than that. The ledger keeps its rows.
void prune(World& world, int keep_days);

}  // namespace runs
