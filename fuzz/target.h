// What every fuzz target has: an input is taken, or refused with a base::Error; all else is found.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/error.h"

namespace fuzz {

/// Calls `take` with the bytes of libFuzzer as text.
template <class Take>
int run(const std::uint8_t* data, std::size_t size, const Take& take) {
  try {
    take(std::string_view(reinterpret_cast<const char*>(data), size));
  } catch (const base::Error&) {
  }
  return 0;
}

/// A property that must hold for every input.
inline void must(bool holds) {
  if (!holds) __builtin_trap();
}

}  // namespace fuzz
