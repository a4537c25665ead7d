#include "base/error.h"

#include "base/text.h"

namespace base {

Error::Error(std::string error_code, std::string_view text, std::string_view advice)
    : code(std::move(error_code)), message(valid_utf8(text)), hint(valid_utf8(advice)) {
  code = valid_utf8(code);
}

std::string to_string(const Error& error) {
  return error.hint.empty() ? error.message : error.message + "\nhint: " + error.hint;
}

}  // namespace base
