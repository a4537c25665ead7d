// A script that failed, gone on with in a session that has not seen its first statements.
#pragma once

#include "sql/script.h"

namespace sql {

/// Does a statement say how those after it are meant, and change nothing else? Such a one (USE, SET, RESET)
/// runs again where a script is gone on with.
bool sets_session(const Statement& statement);

/// Does a statement that the server refuses leave nothing? Not what runs statements of its own, and may have
/// committed some of them: a procedure, a block.
bool is_whole_or_nothing(const Statement& statement);

/// Why a script cannot be gone on with after its first `done` statements; "" if it can. What they may have
/// left in their session, which is gone, stands against it: variables, temporary tables, prepared statements,
/// locks, settings that were rolled back or are for new sessions, and all that a statement may have done that
/// we do not know as one that changes tables alone.
std::string why_not_after(const Script& script, int done);

}  // namespace sql
