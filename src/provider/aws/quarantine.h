// The security group by which a database is closed.
#pragma once

#include <set>

#include "provider/aws/service.h"
#include "provider/aws/settings.h"

namespace provider::aws {

/// A group as it was found, and what speaks against it: empty if it lets us in to `port`, and nobody else to
/// anything.
struct QuarantineGroup {
  std::string id;
  std::vector<std::string> faults;  ///< in the plural: "lets in 10.0.0.0/8"
  std::vector<std::string> warnings;
  std::set<std::string> admitted;  ///< those of our addresses and groups that it lets in to the port
};

/// Thread-safe. `settings` must outlive it.
class Quarantine {
 public:
  Quarantine(Service& service, const Settings& settings) : service_(service), settings_(settings) {}

  /// The VPC of a DB subnet group. Throws DBSubnetGroupNotFoundFault.
  std::string vpc_of(const std::string& subnet_group, const Budget& budget);
  /// The group of this VPC: the one that we were told, or the only one with the tag refresh-quarantine=true.
  QuarantineGroup look(const std::string& vpc, int port, const Budget& budget);
  /// The same for whoever is about to use it; throws QuarantineUnsafe where there are faults.
  std::string must_have(const std::string& vpc, int port, const Budget& budget);

 private:
  std::vector<Json> found(const std::string& vpc, const Budget& budget);
  std::vector<std::string> members_besides_us(const std::string& group, std::set<std::string>& us,
                                              const Budget& budget);
  bool is_ours(const std::string& address) const;
  std::string who_we_are() const;

  Service& service_;
  const Settings& settings_;
};

}  // namespace provider::aws
