// Small string helpers.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace base {

std::string lower(std::string_view text);
std::string_view trim(std::string_view text);
/// Splits at `separator`, trims every part and drops empty ones.
std::vector<std::string> split_list(std::string_view text, char separator = ',');
/// `1 backup`, `2 backups`.
std::string counted(std::size_t count, std::string_view what);
std::string join(std::span<const std::string> parts, std::string_view separator);
/// The candidate that a person most likely meant by `word`, or "" when none is near.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);
/// `did you mean 'x'?`, or "" when nothing is near.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);
/// The last `bytes` of a text, from the beginning of a UTF-8 character on.
std::string_view tail(std::string_view text, std::size_t bytes);
/// `1.5 GiB`: for people.
std::string human_bytes(std::uint64_t bytes);
/// True for one or more decimal digits and nothing else.
bool is_digits(std::string_view text);

bool is_utf8(std::string_view text);
/// `text` with U+FFFD in the place of every NUL and of every sequence that is not UTF-8.
std::string valid_utf8(std::string_view text);
/// How many bytes of the front of `text` are one character: 0 where they are none (not UTF-8, or the end).
std::size_t utf8_character(std::string_view text);

}  // namespace base
