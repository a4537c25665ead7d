// The network that a stack is put into where nobody says one: the account's default VPC, as the original's.
#pragma once

#include <map>
#include <string>

#include "provider/aws/service.h"

namespace deploy {

using provider::aws::Json;

/// Parameters of a stack by their names.
using Parameters = std::map<std::string, std::string>;

/// Adds what is not given of VpcId, SubnetIds, VpcCidr, Network and RouteTableIds, as the account has it: a
/// default subnet of each zone; `nat` where they have a way out by a gateway, else endpoints in their route
/// tables. Throws BadInput where there is no default VPC, or the one that is given is not there.
void add_network(provider::aws::Service& service, Parameters& parameters);

}  // namespace deploy
