#include "asl/pattern.h"

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace asl {
namespace {

/// What stands before, between and behind the stars: one more than there are stars.
std::vector<std::string> pieces_of(std::string_view pattern) {
  std::vector<std::string> pieces(1);
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '*') {
      pieces.emplace_back();
      continue;
    }
    if (pattern[i] == '\\' && ++i == pattern.size())
      throw base::Error("States.Runtime", "the pattern of StringMatches ends in a backslash");
    pieces.back() += pattern[i];
  }
  return pieces;
}

/// For each of its beginnings, how long the longest shorter one is that it ends in.
std::vector<std::size_t> borders_of(std::string_view piece) {
  std::vector<std::size_t> borders(piece.size());
  std::size_t border = 0;
  for (std::size_t i = 1; i < piece.size(); ++i) {
    while (border > 0 && piece[i] != piece[border]) border = borders[border - 1];
    if (piece[i] == piece[border]) ++border;
    borders[i] = border;
  }
  return borders;
}

/// Where the first `piece` in `text` ends, as Knuth, Morris and Pratt find it: no character of the text is
/// gone back to. The library's find() and its searchers do, at worst by the length of the piece each time.
std::optional<std::size_t> end_of_first(std::string_view piece, std::string_view text) {
  if (piece.empty()) return 0;
  const auto borders = borders_of(piece);
  std::size_t got = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    while (got > 0 && text[at] != piece[got]) got = borders[got - 1];
    if (text[at] == piece[got]) ++got;
    if (got == piece.size()) return at + 1;
  }
  return std::nullopt;
}

}  // namespace

/// Each piece is taken at the first place where it is: whatever fits behind a later one fits behind that too.
bool matches_pattern(std::string_view pattern, std::string_view text) {
  const auto pieces = pieces_of(pattern);
  const std::string &first = pieces.front(), &last = pieces.back();
  if (pieces.size() == 1) return text == first;
  if (text.size() < first.size() + last.size() || !text.starts_with(first) || !text.ends_with(last))
    return false;
  text = text.substr(first.size(), text.size() - first.size() - last.size());
  for (std::size_t i = 1; i + 1 < pieces.size(); ++i) {
    const auto end = end_of_first(pieces[i], text);
    if (!end) return false;
    text.remove_prefix(*end);
  }
  return true;
}

}  // namespace asl
