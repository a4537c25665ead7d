// What a refresh needs besides the database that it replaces, while both exist.
#pragma once

#include "runs/plan.h"
#include "runs/prices.h"

namespace runs {

/// `{hours, items, currency, perHour, cost}` (docs/json.md), of a plan that was rehearsed and replaces
/// something; else null. The items are those that the rehearsed calls make; the hours are those that earlier
/// runs took.
base::Json extra(World& world, const Planned& planned, const std::optional<Prices>& prices);

}  // namespace runs
