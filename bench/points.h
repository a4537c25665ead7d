// Restores to a point in time against the same done by hand with the engines' tools, in one run.
#pragma once

/// For both families: a snapshot and the log of some thousand transactions behind it. Runs anywhere.
void points();
