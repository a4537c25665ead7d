#include "os/random.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/error.h"

namespace os {

std::string random_bytes(std::size_t bytes) {
  std::string out(bytes, '\0');
  for (std::size_t got = 0; got < bytes;) {
    const ssize_t n = ::getrandom(out.data() + got, bytes - got, 0);
    if (n < 0 && errno != EINTR)
      throw base::Error("RandomError", fmt::format("getrandom: {}", std::strerror(errno)));
    if (n > 0) got += static_cast<std::size_t>(n);
  }
  return out;
}

std::string random_text(std::size_t characters) {
  constexpr std::string_view alphabet = "abcdefghijkmnpqrstuvwxyz23456789";
  std::string out = random_bytes(characters);
  for (char& c : out) c = alphabet[static_cast<unsigned char>(c) % alphabet.size()];
  return out;
}

std::uint64_t random_seed() {
  std::uint64_t seed = 0;
  std::memcpy(&seed, random_bytes(sizeof seed).data(), sizeof seed);
  return seed;
}

}  // namespace os
