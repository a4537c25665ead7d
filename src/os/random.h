// Randomness of the kernel.
#pragma once

#include <cstdint>
#include <string>

namespace os {

/// `characters` random lower-case letters and digits, without look-alikes (almost 5 bits each).
std::string random_text(std::size_t characters);
std::string random_bytes(std::size_t bytes);
std::uint64_t random_seed();

}  // namespace os
