#include "asl/pattern.h"

#include <gtest/gtest.h>

#include <ctime>

#include "base/error.h"

namespace asl {
namespace {

/// What the specification says, in as many words: a star takes nothing, or one character more.
bool fits(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*')
    return fits(pattern.substr(1), text) || (!text.empty() && fits(pattern, text.substr(1)));
  return !text.empty() && pattern[0] == text[0] && fits(pattern.substr(1), text.substr(1));
}

/// Every text of up to `length` of these letters.
std::vector<std::string> texts_of(std::string_view letters, std::size_t length) {
  std::vector<std::string> all{""};
  for (std::size_t i = 0; i < all.size(); ++i)
    for (const char letter : letters)
      if (all[i].size() < length) all.push_back(all[i] + letter);
  return all;
}

TEST(Pattern, MatchesAsTheSpecificationSays) {
  const auto texts = texts_of("ab", 6);
  std::size_t matches = 0;
  for (const auto& pattern : texts_of("ab*", 5)) {
    for (const auto& text : texts) {
      const bool expected = fits(pattern, text);
      matches += expected ? 1 : 0;
      ASSERT_EQ(matches_pattern(pattern, text), expected) << "'" << pattern << "', '" << text << "'";
    }
  }
  EXPECT_GT(matches, texts.size());
}

TEST(Pattern, TakesABackslashOff) {
  EXPECT_TRUE(matches_pattern("log-*.txt", "log-1.txt"));
  EXPECT_TRUE(matches_pattern("a\\*b", "a*b"));
  EXPECT_FALSE(matches_pattern("a\\*b", "axb"));
  EXPECT_TRUE(matches_pattern("a\\\\*", "a\\b"));
  EXPECT_FALSE(matches_pattern("a\\\\*", "ab"));
  EXPECT_THROW(matches_pattern("a\\", "a"), base::Error);
  EXPECT_THROW(matches_pattern("a\\", "b"), base::Error) << "whatever the text is";
  EXPECT_THROW(matches_pattern("*\\", ""), base::Error);
}

/// The processor's time, which no other process adds to. What follows takes some milliseconds, and one that
/// goes back in the text minutes: each of its 10^10 steps were one comparison.
TEST(Pattern, TakesNoLongerThanPatternAndTextAreLong) {
  const std::string text(300'000, 'a'), half(150'000, 'a');
  std::string stars;
  for (int i = 0; i < 100'000; ++i) stars += "*a";
  const auto began = std::clock();
  EXPECT_FALSE(matches_pattern("*" + half + "b*", text));
  EXPECT_FALSE(matches_pattern("*b" + half + "*", text));
  EXPECT_FALSE(matches_pattern("*" + half + "*" + half + "b", text));
  EXPECT_FALSE(matches_pattern("*" + half + "b" + half + "*", text + "b" + text.substr(half.size() + 1)));
  EXPECT_FALSE(matches_pattern(stars + "*b", text));
  EXPECT_FALSE(matches_pattern(stars + "*b*", text));
  EXPECT_TRUE(matches_pattern("*" + half + "*" + half + "*", text));
  EXPECT_LT(std::clock() - began, 10 * CLOCKS_PER_SEC);
}

}  // namespace
}  // namespace asl
