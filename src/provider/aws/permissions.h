// What IAM must allow for refreshes, and no more.
#pragma once

#include <set>
#include <span>
#include <string>

#include "base/json.h"

namespace provider::aws {

/// What an action is done to, and so what a policy narrows it to.
enum class Scope {
  look,      ///< at anything: most of RDS' and EC2's descriptions can be narrowed to nothing
  make,      ///< a new database, of a source
  tag,       ///< a new database, whose tags are not there yet, or one of ours
  ours,      ///< a database that carries the tag refresh=true
  snapshot,  ///< our copy of a snapshot
  secret,
  bucket,
  object,
  table,
  topic,
  function,  ///< that rotates a secret
  grant,     ///< to RDS, of a key that encrypts the source, or is to encrypt the new database
  script_host,
  document,  ///< what is run on it
  command    ///< that runs on it: nothing narrows these
};

/// An action that this folder needs. Whoever calls a new operation adds it here; a test holds the list
/// against what a refresh calls.
struct Permission {
  const char* service;  ///< its prefix in IAM
  const char* operation;
  Scope scope;
};
std::span<const Permission> permissions();

/// What a policy is for. Names, but where an ARN is said.
struct Grant {
  std::string partition, region, account;
  std::set<std::string>
      databases;                  ///< that come, change and go; what is set aside or kept is named after them
  std::set<std::string> sources;  ///< "db:NAME", "cluster:NAME", "snapshot:NAME", … or ARNs
  std::set<std::string> secrets, tables;
  std::set<std::string> topics;          ///< ARNs
  std::set<std::string> buckets;         ///< "BUCKET/PREFIX"
  std::set<std::string> roles;           ///< ARNs that databases are given
  std::set<std::string> functions = {};  ///< ARNs of those that rotate secrets
  std::set<std::string> taken = {};      ///< ARNs of roles that a run does something in
  bool script_host = false;              ///< scripts run on a host of EC2
};

/// The policy document: a statement for each scope, by service.
base::Json policy(const Grant& grant);

}  // namespace provider::aws
