// The seam to Amazon's services: an operation of a service's model, its input and output as JSON. Client
// (client.h) sends it; tests and plans stand in for it.
#pragma once

#include <string>

#include "base/budget.h"
#include "base/json.h"

namespace aws {

/// All names are spelled as the service's model spells them (the API references; botocore's service-2.json):
/// service "rds", operation "ModifyDBInstance", input {"DBInstanceIdentifier": "a", "ApplyImmediately":
/// true}. Lists are arrays, maps objects, timestamps ISO 8601 in UTC ("2026-01-31T12:00:00Z"), blobs text as
/// it is.
struct Call {
  std::string service, operation;
  base::Json input = base::Json::object();  ///< may hold secrets: never printed or kept as it is
  std::string region;                       ///< "": the one that the Api was made for
};

/// One account, seen with one set of credentials. Thread-safe.
class Api {
 public:
  virtual ~Api() = default;

  /// The operation's output, spelled and typed as in its model; members that the answer left out are left
  /// out. One page: whoever wants the next passes the marker on. What may pass (throttling, 5xx, a reset, a
  /// clock that is wrong, credentials that expired) is tried again within the budget. Throws base::Error with
  /// the service's code as it is on the wire ("DBInstanceNotFound", "Throttling"; our own where there was no
  /// answer: "ConnectionFailed"), a message that names service, operation, region and request id, retryable
  /// where the same call may work later, and maybe_delivered where nobody knows whether a call that changes
  /// something was carried out. `Interrupted` when the budget's stop is asked for.
  virtual base::Json call(const Call& call, const base::Budget& budget) = 0;
};

}  // namespace aws
