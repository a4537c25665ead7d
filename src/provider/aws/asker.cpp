#include <algorithm>

#include "aws/refusal.h"
#include "base/error.h"
#include "provider/aws/stores.h"

namespace provider::aws {

namespace {

constexpr auto longest = std::chrono::seconds(30);

}  // namespace

Json Asker::ask(const std::string& service, const std::string& operation, Json input,
                const std::string& region) {
  return service_.call(service, operation, std::move(input), service_.own_budget(longest), region);
}

std::vector<Json> Asker::all(const std::string& service, const std::string& operation,
                             const std::string& list) {
  return service_.all(service, operation, Json::object(), list, service_.own_budget(longest));
}

std::optional<Json> Asker::look(const std::string& service, const std::string& operation, Json input,
                                std::string& why, const std::string& region) {
  try {
    return ask(service, operation, std::move(input), region);
  } catch (const base::Error& error) {
    if (error.retryable) throw;
    const bool may_not_look = ::aws::class_of(error.code, 0, "") == ::aws::Class::permission;
    why = may_not_look ? "" : error.message;
    return std::nullopt;
  }
}

std::optional<Json> Asker::ask_unless(std::initializer_list<std::string_view> codes,
                                      const std::string& service, const std::string& operation, Json input,
                                      const std::string& region) {
  try {
    return ask(service, operation, std::move(input), region);
  } catch (const base::Error& error) {
    if (std::ranges::find(codes, error.code) == codes.end()) throw;
    return std::nullopt;
  }
}

}  // namespace provider::aws
