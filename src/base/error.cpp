#include "base/error.h"

namespace base {

std::string to_string(const Error& error) {
  return error.hint.empty() ? error.message : error.message + "\nhint: " + error.hint;
}

}  // namespace base
