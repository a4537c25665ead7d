#include "provider/aws/reader.h"

#include <algorithm>

#include "base/text.h"
#include "provider/aws/model.h"

namespace provider::aws {
namespace {

using namespace std::chrono_literals;

constexpr auto most_unseen = 3min;

std::vector<Json> relational(std::vector<Json> all) {
  std::erase_if(all, [](const Json& each) {
    const auto engine = text(each, "Engine");
    return engine == "docdb" || engine == "neptune";
  });
  return all;
}

}  // namespace

/// Readings together take two calls a second at most, whatever there is in the account.
std::chrono::milliseconds Reader::held(const Fleet& fleet) const {
  constexpr std::size_t page = 100;  // MaxRecords, by default
  const auto calls = 2 + fleet.instances.size() / page + fleet.clusters.size() / page;
  return settings_.held * static_cast<int>(calls);
}

std::shared_ptr<const Fleet> Reader::now(const Budget& budget, const std::string& about) {
  const std::lock_guard lock(reading_);
  const auto [changes, needed] = changes_of(about);
  const auto begun = budget.clock.now();
  if (last_ && last_->changes >= needed && begun < last_->read + held(*last_)) return last_;
  auto fresh = std::make_shared<Fleet>();
  fresh->changes = changes;
  fresh->read = begun;
  fresh->instances =
      relational(service_.all("rds", "DescribeDBInstances", Json::object(), "DBInstances", budget));
  fresh->clusters =
      relational(service_.all("rds", "DescribeDBClusters", {{"IncludeShared", true}}, "DBClusters", budget));
  keep_unseen(*fresh);
  // Not std::ranges': clang 14, which reads this for the linter, cannot take what that returns from g++ 12.
  std::stable_partition(fresh->clusters.begin(), fresh->clusters.end(),
                        [&](const Json& each) { return !is_foreign(arn_of(each), settings_.account); });
  last_ = std::move(fresh);
  return last_;
}

/// A new reading is `fresh`; the one before it is the last.
void Reader::keep_unseen(Fleet& fresh) {
  for (const auto* list : {&fresh.instances, &fresh.clusters})
    for (const Json& each : *list) shown_[id_of(each)] = fresh.read;
  if (!last_) return;
  for (const auto& [list, before] :
       {std::pair{&fresh.instances, &last_->instances}, std::pair{&fresh.clusters, &last_->clusters}})
    for (const Json& each : *before) {
      const auto at = shown_.find(id_of(each));
      if (status_of(each) == "deleting" || at == shown_.end() || at->second == fresh.read ||
          at->second + most_unseen < fresh.read)
        continue;
      list->push_back(each);
      list->back()[kind_of(each) == Kind::instance ? "DBInstanceStatus" : "Status"] = "unseen";
    }
  std::erase_if(shown_, [&](const auto& each) { return each.second + most_unseen < fresh.read; });
}

void Reader::deleted(const std::string& id) {
  const std::lock_guard lock(reading_);
  shown_.erase(id);
}

/// How many there were, and the last one about this.
std::pair<std::uint64_t, std::uint64_t> Reader::changes_of(const std::string& about) {
  const std::lock_guard lock(changing_);
  const auto found = changed_.find(about);
  return {changes_, std::max(of_others_, found == changed_.end() ? 0 : found->second)};
}

void Reader::changed(const std::string& about) {
  const std::lock_guard lock(changing_);
  changed_[about] = ++changes_;
}

void Reader::others_changed() {
  const std::lock_guard lock(changing_);
  of_others_ = ++changes_;
}

const Json* Fleet::by_id(const std::string& id) const {
  for (const auto* list : {&instances, &clusters})
    for (const Json& each : *list)
      if (id_of(each) == id) return &each;
  return nullptr;
}

const Json* Fleet::by_name(Kind kind, const std::string& name) const {
  const auto wanted = base::lower(name);
  for (const Json& each : all(kind))
    if (name_of(each) == wanted) return &each;
  return nullptr;
}

const Json* Fleet::by_token(const std::string& token) const {
  for (const auto* list : {&instances, &clusters})
    for (const Json& each : *list)
      if (!token.empty() && label(each, labels::token) == token) return &each;
  return nullptr;
}

}  // namespace provider::aws
