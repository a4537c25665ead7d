// What is tested with a bank of each family.
#pragma once

#include <gtest/gtest.h>

#include "tests/conformance/bank.h"

namespace tests {

class WithBank : public testing::TestWithParam<const char*> {
 protected:
  bool postgres() const { return std::string(GetParam()) == "postgres"; }
  /// A session with the bank's database as administrator; of `id`, if given.
  std::unique_ptr<sql::Connection> administrate(const std::string& id = "") {
    auto where = databases_.administrator(id.empty() ? bank_.source : id);
    where.database = "bank";
    return sql::connect(where, std::chrono::seconds(10));
  }
  /// Servers' folders, finished or not.
  std::size_t folders() const {
    const os::fs::directory_iterator all(bank_.home.storage / "instances");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }

  Temporary folder_;
  Bank bank_{GetParam(), folder_.path()};
  provider::local::Databases& databases_ = bank_.databases;
  base::SystemClock& clock_ = bank_.clock;
};

inline const auto families = testing::Values("mariadb", "postgres");
inline std::string family_name(const testing::TestParamInfo<const char*>& which) {
  return which.param;
}

}  // namespace tests
