// What IAM would deny of a policy, by its own word: SimulatePrincipalPolicy (IAM API reference).
#pragma once

#include <set>
#include <tuple>

#include "provider/aws/service.h"
#include "provider/provider.h"

namespace provider::aws {

/// An action that a principal may not do to a resource. Explicit: some statement denies it; else none allows
/// it.
struct Denial {
  std::string action, resource;
  bool is_explicit = false;

  bool operator<(const Denial& other) const {
    return std::tie(action, resource, is_explicit) <
           std::tie(other.action, other.resource, other.is_explicit);
  }
};

/// The user or role behind an ARN of GetCallerIdentity: of a session the role that it is of, with its path
/// where IAM tells it (GetRole). "" where there is nobody to ask about: the account's root may do all.
std::string principal_of(Service& service, const std::string& caller, const Budget& budget);

/// What of `policy` (permissions.h) is denied to a principal in a refresh of this kind. Statements of the
/// same resources and conditions are one call. Where a resource is a pattern, one that fits stands for it;
/// groups that any may be given of are left out. Throws what IAM says where it lets nobody ask.
std::set<Denial> denials(Service& service, const std::string& principal, const Json& policy, Kind kind,
                         const Budget& budget);

}  // namespace provider::aws
