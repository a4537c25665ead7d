// A value that cannot be printed by accident.
#pragma once

#include <string>
#include <utility>

namespace base {

/// Holds a password. There is no stream operator, no fmt formatter and no conversion: whoever needs the text
/// asks for it by name, and such places are few enough to read. The text is wiped when the holder goes.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(const Secret&) = default;
  Secret(Secret&&) = default;
  Secret& operator=(const Secret&) = default;
  Secret& operator=(Secret&&) = default;
  ~Secret() {
    volatile char* at = text_.data();
    for (std::size_t i = 0; i < text_.size(); ++i) at[i] = '\0';
  }

  const std::string& reveal() const { return text_; }
  bool empty() const { return text_.empty(); }
  bool operator==(const Secret&) const = default;

 private:
  std::string text_;
};

}  // namespace base
