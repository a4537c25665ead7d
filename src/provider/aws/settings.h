// What a provider on RDS is told by whoever starts us.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace provider::aws {

struct Settings {
  /// The security group that closes databases; "": the one of the VPC with the tag refresh-quarantine=true.
  std::string quarantine_group;
  /// Ours, as databases see them: what the quarantine group may let in.
  std::vector<std::string> addresses;
  /// Security groups that only functions of ours are in: whoever it lets in by one of these is us.
  std::vector<std::string> groups = {};
  std::string account;  ///< the number of ours: what its ARNs have; "" takes all for ours
  /// Encrypts copies of what other accounts share; "": the key of the database that is replaced, else the
  /// account's default key.
  std::string kms_key;
  /// How old a reading of the account may be, for each call that it took.
  std::chrono::milliseconds held{500};
  /// As in DatabaseService: a request may be carried out when its sender is gone, and shows a little later.
  std::chrono::seconds shows_within{60};
  /// Certificates that databases are known by, in PEM (the bundle of RDS of the Region or of all Regions).
  std::string ca_file;
};

}  // namespace provider::aws
