// What a restore is made of: the operation, what it starts from, and the moment that its data shows.
#pragma once

#include "provider/aws/account.h"

namespace provider::aws {

struct Origin {
  std::string operation, method;
  Json input;            ///< names the source and the time
  std::string copied;    ///< the snapshot that was copied for it, "" if none
  base::Time data_time;  ///< what the copy shows at least
};

/// Pending while a snapshot is copied first. `model` is what the new database is to be like. Throws
/// PointInTimeRestoreNotEnabled, InvalidRestoreFault, DBSnapshotNotFound,
/// DBClusterSnapshotNotFoundFault or InvalidDBSnapshotState.
Work<Origin> origin_of(Account& account, const RestoreRequest& request, const Json& source, const Json& model,
                       const Budget& budget);

/// A snapshot by name or ARN, of the request's kind, in the account of `service`; nothing if there is none.
/// Those that others share are found by their ARN.
std::optional<Json> find_snapshot(Service& service, Kind kind, const std::string& name, const Budget& budget);

/// The snapshot that a request names, as this account sees it: where sources are in another one, by its ARN,
/// and nothing while it is not shared with this account.
std::optional<Json> find_named_snapshot(Account& account, const RestoreRequest& request,
                                        const Budget& budget);

}  // namespace provider::aws
