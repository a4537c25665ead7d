// What is printed for clients is read by shells.
#include "runs/clients.h"

#include <gtest/gtest.h>

namespace runs {
namespace {

TEST(Clients, AShellReadsAWordAsItIs) {
  EXPECT_EQ(shell_word("shop"), "'shop'");
  EXPECT_EQ(shell_word("a'; rm -r x; '$(y)"), "'a'\\''; rm -r x; '\\''$(y)'");
}

}  // namespace
}  // namespace runs
