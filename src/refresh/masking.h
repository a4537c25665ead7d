// Whether a run masks what it copies, and who says that it need not.
#pragma once

#include <string>

#include "base/json.h"

namespace refresh {

/// What the state of a run carries of it; `reason` is "" if scripts mask the copy.
base::Json unmasked_state(const std::string& reason);
/// Why nothing is masked; "" if something is, or if the run is of a time when nobody was asked.
std::string unmasked_reason(const base::Json& state);
/// For the ledger, the journal's lists and people: `scripts`, `no: <reason>`, or `` of a run of which nobody
/// was asked.
std::string masked_text(const base::Json& state);
/// The reason in such a text, "" if there is none.
std::string reason_in(const std::string& masked_text);

}  // namespace refresh
