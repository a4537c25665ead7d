#include <algorithm>

#include "base/error.h"
#include "provider/aws/stores.h"

namespace provider::aws {

base::Json Asker::ask(const std::string& service, const std::string& operation, base::Json input,
                      const std::string& region) {
  constexpr auto longest = std::chrono::seconds(30);
  const base::Budget budget{clock_, clock_.now() + longest, {}, [](const base::Note&) {}};
  return api_.call({service, operation, std::move(input), region}, budget);
}

std::optional<base::Json> Asker::ask_unless(std::initializer_list<std::string_view> codes,
                                            const std::string& service, const std::string& operation,
                                            base::Json input, const std::string& region) {
  try {
    return ask(service, operation, std::move(input), region);
  } catch (const base::Error& error) {
    if (std::ranges::find(codes, error.code) == codes.end()) throw;
    return std::nullopt;
  }
}

}  // namespace provider::aws
