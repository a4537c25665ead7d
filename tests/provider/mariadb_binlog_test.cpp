#include "provider/local/mariadb_binlog.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <utility>

#include "base/error.h"
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

/// The folder belongs to its server's account, which could plant anything there and have root wait or read.
TEST_F(Binlog, IsOfRegularFilesAlone) {
  const auto last = folder_.path() / "binlog.1000001";
  std::filesystem::remove(last);
  ASSERT_EQ(::mkfifo(last.c_str(), 0600), 0);
  EXPECT_EQ(binlog_files(folder_.path(), "binlog.999999").size(), 2U);
  EXPECT_THROW(provider::local::is_position_of(last, 4, ""), base::Error);
  EXPECT_THROW(provider::local::find_binlog_end(last, 4, {}), base::Error);
  std::filesystem::remove(last);
  std::filesystem::create_symlink(folder_.path() / "other.999999", last);
  EXPECT_EQ(binlog_files(folder_.path(), "binlog.999999").size(), 2U);
  EXPECT_THROW(provider::local::find_binlog_end(last, 4, {}), base::Error);
  std::filesystem::remove(folder_.path() / "binlog.999999");
  ASSERT_EQ(::mkfifo((folder_.path() / "binlog.999999").c_str(), 0600), 0);
  EXPECT_TRUE(binlog_files(folder_.path(), "binlog.999999").empty());
}

/// A header and nothing else, but for a GTID event's number, domain and flags.
std::string event(unsigned char type, unsigned char flags = 0) {
  const std::string body = type == 162 ? std::string(12, '\0') + static_cast<char>(flags) : "";
  std::string bytes(19, '\0');
  bytes[4] = static_cast<char>(type);
  bytes[9] = static_cast<char>(bytes.size() + body.size());
  return bytes + body;
}

/// What ends a transaction besides COMMIT: a prepared one of XA, a statement that log_bin_compress packed.
TEST_F(Binlog, EndsBehindTheLastTransactionOfWhateverKind) {
  constexpr unsigned char gtid = 162, rows = 23, xid = 16, xa_prepare = 38, packed = 165, alone = 1;
  const auto file = folder_.path() / "one";
  for (const auto& [text, whole] :
       {std::pair(event(gtid) + event(rows) + event(xid), true),
        std::pair(event(gtid) + event(rows) + event(xa_prepare), true),
        std::pair(event(gtid, alone) + event(packed), true), std::pair(event(gtid) + event(packed), false),
        std::pair(event(gtid) + event(rows), false)}) {
    const std::string content =
        "\xFE"
        "bin" +
        text;
    std::ofstream(file, std::ios::binary) << content;
    const auto end = provider::local::find_binlog_end(file, 4, base::Time{} + std::chrono::hours(1));
    EXPECT_EQ(end.offset, whole ? content.size() : 4U);
    EXPECT_FALSE(end.reached);
  }
}

}  // namespace
}  // namespace tests
