#include "refresh/masking.h"

namespace refresh {
namespace {

constexpr const char* key = "unmasked";
constexpr std::string_view no = "no: ";

}  // namespace

base::Json unmasked_state(const std::string& reason) {
  return {{key, reason}};
}

std::string unmasked_reason(const base::Json& state) {
  return state.value(key, "");
}

std::string masked_text(const base::Json& state) {
  if (!state.contains(key)) return "";
  const std::string reason = unmasked_reason(state);
  return reason.empty() ? "scripts" : std::string(no) + reason;
}

std::string reason_in(const std::string& masked_text) {
  return masked_text.starts_with(no) ? masked_text.substr(no.size()) : "";
}

}  // namespace refresh
