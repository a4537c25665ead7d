// How far something has got, for people.
#pragma once

#include <cstdint>
#include <string>

namespace base {

struct Note {
  std::string what;                   ///< "copying", "customer.sql: statement 3 of 9"
  std::uint64_t done = 0, total = 0;  ///< bytes; total 0: not counted
};

}  // namespace base
