// What people pay for databases, as a file of theirs says.
#pragma once

#include <map>
#include <optional>
#include <string>

namespace runs {

/// Of one Region, in one currency. What the file leaves out has no price.
struct Prices {
  std::string currency;
  std::map<std::string, double> classes;  ///< of an instance, for an hour
  std::map<std::string, double> storage;  ///< of a GiB of this type, for a month
  std::optional<double> snapshot;         ///< of a GiB of snapshots, for a month
};

/// `{currency, classes: {CLASS: PRICE}, storage: {TYPE: PRICE}, snapshot: PRICE}` (docs/aws.md). Throws
/// BadInput that names everything that is wrong with it: file, line, path and value.
Prices read_prices(const std::string& path);

}  // namespace runs
