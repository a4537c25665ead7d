// Scripts that end with a transaction open, told by their text: for where other clients run them.
#pragma once

#include "sql/script.h"

namespace sql {

/// Would what it did since some statement be lost with its session? By the words that its statements begin
/// with; what procedures do is not seen. run_script() asks the server instead.
bool may_end_open(const Script& script);

}  // namespace sql
