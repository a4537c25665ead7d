#include "refresh/launch.h"

#include <algorithm>

#include "base/error.h"

namespace refresh {

Json to_json(const Launch& launch) {
  return {{"run", launch.run}, {"unmasked", launch.unmasked}, {"keepFailed", launch.keep_failed}};
}

std::optional<Launch> launch_of(const Json& input) {
  const auto found = input.find(launch_member);
  if (found == input.end()) return std::nullopt;
  try {
    Launch launch{.run = found->at("run"),
                  .unmasked = found->value("unmasked", ""),
                  .keep_failed = found->value("keepFailed", false)};
    if (is_run_id(launch.run)) return launch;
  } catch (const Json::exception&) {  // told below
  }
  throw base::Error("BadInput", std::string("$.") + launch_member + " is not as dbrefresh launch writes it",
                    "leave it out, or: dbrefresh launch");
}

Json put_back_input(const std::string& execution) {
  return {{launch_member, {{"putBack", execution}}}};
}

std::optional<std::string> put_back_of(const Json& input) {
  if (!input.is_object() || !input.contains(launch_member)) return std::nullopt;
  const Json& launched = input[launch_member];
  const Json name = launched.is_object() ? launched.value("putBack", Json()) : Json();
  // An ARN would be another machine's, perhaps.
  if (!name.is_string() || name.get_ref<const std::string&>().empty() ||
      name.get_ref<const std::string&>().find(':') != std::string::npos)
    return std::nullopt;
  return name.get<std::string>();
}

std::string run_stamp(base::Time time) {
  std::string stamp;
  for (const char c : base::ledger_utc(time))
    if (c >= '0' && c <= '9') stamp += c;
  return stamp;
}

bool is_run_id(std::string_view text) {
  constexpr std::size_t stamp = 14, all = 21;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto is_plain = [&](char c) { return is_digit(c) || (c >= 'a' && c <= 'z'); };
  return text.size() == all && text[stamp] == '-' && std::ranges::all_of(text.substr(0, stamp), is_digit) &&
         std::ranges::all_of(text.substr(stamp + 1), is_plain);
}

}  // namespace refresh
