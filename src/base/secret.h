// A value that cannot be printed by accident.
#pragma once

#include <string>
#include <utility>

namespace base {

/// Holds a password. There is no stream operator, no fmt formatter and no conversion: whoever needs the text
/// asks for it by name, and such places are few enough to read. The text is wiped when the holder goes, is
/// moved from or gets another one.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) { wipe(text); }
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : text_(std::move(other.text_)) { wipe(other.text_); }
  Secret& operator=(Secret other) noexcept {
    wipe(text_);
    text_ = std::move(other.text_);
    return *this;
  }
  ~Secret() { wipe(text_); }

  const std::string& reveal() const { return text_; }
  bool empty() const { return text_.empty(); }
  bool operator==(const Secret&) const = default;

 private:
  /// All that the string has room for: a short one leaves its text behind when it is moved from.
  static void wipe(std::string& text) noexcept {
    text.resize(text.capacity());
    volatile char* at = text.data();
    for (std::size_t i = 0; i < text.size(); ++i) at[i] = '\0';
    text.clear();
  }

  std::string text_;
};

}  // namespace base
