#include "refresh/retry.h"

#include <fmt/format.h>

#include "refresh/workflow.h"

namespace refresh {

Json to_json(const Retry& retry) {
  return {{"of", retry.of},
          {"copy", retry.copy},
          {"dataTime", retry.data_time},
          {"method", retry.method},
          {"units", retry.scripts.units},
          {"statements", retry.scripts.statements},
          {"digest", retry.scripts.digest}};
}

std::optional<Retry> retry_of(const Json& state) {
  const auto found = state.find(retry_member);
  if (found == state.end() || found->is_null()) return std::nullopt;
  return Retry{found->at("of"),
               found->at("copy"),
               found->at("dataTime"),
               found->at("method"),
               {found->at("units"), found->at("statements"), found->at("digest")}};
}

std::vector<Problem> differences(const Json& kept, const Json& members) {
  std::vector<Problem> all;
  for (const Step* step : sequence()) {
    if (step->stage != Stage::restore) continue;
    const std::string key(step->key);
    const Json before = kept.value(key, Json::object()), now = members.value(key, Json::object());
    for (const Field& field : step->fields) {
      const std::string name(field.name);
      if (field.kind == Kind::utc_time || before.value(name, Json()) == now.value(name, Json())) continue;
      all.push_back({0, fmt::format("$.{}.{}", key, name),
                     fmt::format("was {} when the kept copy was made, and is {}: that takes a new copy",
                                 before.value(name, Json()).dump(), now.value(name, Json()).dump())});
    }
  }
  return all;
}

}  // namespace refresh
