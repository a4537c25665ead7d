// Hashes and the ways in which bytes are written as text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace base {

std::string sha256(std::string_view data);                             ///< 32 bytes
std::string sha1(std::string_view data);                               ///< 20 bytes
std::string md5(std::string_view data);                                ///< 16 bytes
std::string hmac_sha256(std::string_view key, std::string_view data);  ///< 32 bytes
std::string hex(std::string_view bytes);                               ///< in lower case
std::string base64(std::string_view bytes);                            ///< padded
/// nothing when `text` is no padded base64.
std::optional<std::string> from_base64(std::string_view text);
/// `%XX` for all but the unreserved characters of RFC 3986 and those in `also`.
std::string percent_encode(std::string_view text, std::string_view also = {});

}  // namespace base
