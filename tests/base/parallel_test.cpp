#include "base/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

#include "base/error.h"

namespace tests {
namespace {

TEST(InParallel, DoesEachPieceOnce) {
  std::vector<std::atomic<int>> done(1000);
  base::in_parallel(done.size(), [&](std::size_t i) { ++done[i]; });
  for (const auto& each : done) EXPECT_EQ(each, 1);
  base::in_parallel(0, [](std::size_t) { FAIL() << "there is nothing to do"; });
}

TEST(InParallel, ThrowsWhatAPieceThrewAndBeginsNoOther) {
  std::atomic<int> begun = 0;
  EXPECT_THROW(base::in_parallel(1'000'000,
                                 [&](std::size_t i) {
                                   ++begun;
                                   if (i == 3) throw base::Error("Third", "it failed");
                                 }),
               base::Error);
  EXPECT_LT(begun, 1'000'000);
}

}  // namespace
}  // namespace tests
