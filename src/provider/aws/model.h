// An instance or a cluster as RDS describes it, in our words.
#pragma once

#include "provider/aws/labels.h"
#include "provider/aws/reader.h"

namespace provider::aws {

Kind kind_of(const Json& database);
std::string id_of(const Json& database);
std::string name_of(const Json& database);  ///< in lower case, as RDS keeps it
std::string arn_of(const Json& database);
std::string arn_of_snapshot(const Json& snapshot);  ///< of an instance or a cluster
std::string status_of(const Json& database);
/// Does what has this ARN belong to another account? `ours` as in Settings.
bool is_foreign(const std::string& arn, const std::string& ours);
/// Of an instance in a cluster: the cluster. nullptr if it stands alone.
const Json* cluster_of(const Fleet& fleet, const Json& instance);
/// A cluster's instances.
std::vector<const Json*> members_of(const Fleet& fleet, const Json& cluster);
std::vector<std::string> groups_of(const Json& database);  ///< VPC security groups, by id
std::string subnet_group_of(const Json& database);
/// Of a cluster's instance its cluster, of everything else itself: what its network belongs to.
const Json& whole_of(const Fleet& fleet, const Json& database);
/// Is it in its quarantine group and in no other, and not publicly accessible?
bool is_closed(const Fleet& fleet, const Json& database);

Database describe(const Fleet& fleet, const Json& database);

/// "instance copy", for messages.
std::string called(const Json& database);

/// What keeps an instance or a cluster from being settled, for people; "" if it is. The conditions are those
/// after which RDS's own CloudFormation handlers call one stable (aws-cloudformation-resource-providers-rds:
/// isDBInstanceStabilizedAfterMutate, isDBClusterStabilized): a status alone is not enough, because it comes
/// late after a change was accepted. Whether a replica replicates is another question: a broken one can be
/// renamed. A terminal status is for the caller to see.
std::string unsettled(const Json& database);
bool replicates(const Json& replica);

}  // namespace provider::aws
