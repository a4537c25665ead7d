#include "provider/local/mariadb_binlog.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/temporary.h"

namespace tests {
namespace {

using provider::local::binlog_files;
using provider::local::is_binlog_before;

class Binlog : public testing::Test {
 protected:
  Binlog() {
    for (const char* name : {"binlog.999998", "binlog.999999", "binlog.1000000", "binlog.1000001",
                             "binlog.index", "other.999999"})
      std::ofstream(folder_.path() / name) << name;
  }
  Temporary folder_;
};

/// The seventh digit comes before the sixth in the alphabet.
TEST_F(Binlog, IsInTheOrderOfItsNumbers) {
  std::vector<std::string> names;
  for (const auto& each : binlog_files(folder_.path(), "binlog.999999")) names.push_back(each.filename());
  EXPECT_EQ(names, (std::vector<std::string>{"binlog.999999", "binlog.1000000", "binlog.1000001"}));
  EXPECT_TRUE(is_binlog_before("binlog.999998", "binlog.999999"));
  EXPECT_FALSE(is_binlog_before("binlog.999999", "binlog.999999"));
  EXPECT_FALSE(is_binlog_before("binlog.1000000", "binlog.999999")) << "the newest of it would be dropped";
  EXPECT_FALSE(is_binlog_before("other.000001", "binlog.999999"));
  EXPECT_FALSE(is_binlog_before("binlog.index", "binlog.999999"));
}

TEST_F(Binlog, WithAGapIsNone) {
  std::filesystem::remove(folder_.path() / "binlog.1000000");
  EXPECT_TRUE(binlog_files(folder_.path(), "binlog.999999").empty());
  EXPECT_TRUE(binlog_files(folder_.path(), "binlog.000001").empty());
}

}  // namespace
}  // namespace tests
