#include "refresh/masking.h"

namespace refresh {
namespace {

constexpr const char* key = "unmasked";

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
  return reason.empty() ? "scripts" : "no: " + reason;
}

}  // namespace refresh
