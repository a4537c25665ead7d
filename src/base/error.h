// What ends an attempt: the one exception type of the program.
#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace base {

/// Thrown when an attempt cannot go on. Caught only at the task attempt, the CLI's main and thread roots.
/// `message` is lower case and names the thing and the value; `hint` says what to do. Neither ever holds a
/// secret. Codes are those of RDS where RDS has one (`DBInstanceNotFound`), otherwise CamelCase of our own.
struct Error : std::exception {
  /// Texts may be quoted from servers, tools and file names: what is not UTF-8 in them becomes U+FFFD here,
  /// because errors go to journals, ledgers and JSON.
  Error(std::string error_code, std::string_view text, std::string_view advice = {});

  std::string code;
  std::string message;
  std::string hint;
  bool retryable = false;        ///< the same call may work a moment later
  bool maybe_delivered = false;  ///< it may have happened all the same: look before acting again

  const char* what() const noexcept override { return message.c_str(); }
};

/// `message` and, on a line of its own, `hint: …`.
std::string to_string(const Error& error);

}  // namespace base
