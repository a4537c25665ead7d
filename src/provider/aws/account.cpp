#include "provider/aws/account.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "provider/aws/events.h"

namespace provider::aws {
namespace {

using base::Error;
using namespace std::chrono_literals;

constexpr auto shows_soon = 5s, takes_minutes = 20s, takes_an_hour = 30s, between_looks = 1s;
/// A tag that does not show by then has been written over, by a request of somebody who has died meanwhile:
/// whoever is asked again sends it again.
constexpr auto tags_show = 10s;

/// Codes after which the world is looked at again: it is changing, or has changed already (the code on the
/// wire, not the name of the shape).
constexpr std::string_view not_now[] = {
    "InvalidDBInstanceState",       "InvalidDBClusterStateFault", "DBInstanceAlreadyExists",
    "DBClusterAlreadyExistsFault",  "DBInstanceNotFound",         "DBClusterNotFoundFault",
    "InvalidOptionGroupStateFault", "DBSnapshotAlreadyExists",    "InvalidDBSnapshotState"};

bool is_not_now(const Error& error) {
  return std::ranges::find(not_now, error.code) != std::end(not_now);
}

}  // namespace

const Json& must_get(const Fleet& fleet, const std::string& id) {
  if (const Json* found = fleet.by_id(id)) return *found;
  throw Error("DBInstanceNotFound", fmt::format("there is no database with the resource id {}", id));
}

Json must_get_source(Account& account, const Fleet& fleet, const std::string& id, const Budget& budget) {
  if (account.source == nullptr) return must_get(fleet, id);
  return must_get(*account.source->reader().now(budget), id);
}

void must_be_ours(const std::string& verb, const Json& database) {
  if (label(database, "refresh") == "true") return;
  throw Error("NotOurs", fmt::format("{} of {} is refused: it does not carry the tag refresh=true", verb,
                                     called(database)));
}

std::optional<Pending> wait_until_settled(Account& account, const Json& database, const Budget& budget) {
  const auto status = status_of(database);
  if (classify(status) == StatusClass::failed) throw failed(account.service, database, budget);
  const auto why = unsettled(database);
  if (why.empty()) return std::nullopt;
  return Pending{status == "creating" ? takes_an_hour : takes_minutes,
                 {fmt::format("{}: {}", called(database), why)}};
}

Pending change(Account& account, const std::string& about, const std::string& operation, Json input,
               const Budget& budget) {
  account.reader.changed(about);  // even if the answer is lost
  try {
    account.service.rds(operation, std::move(input), budget);
  } catch (const Error& error) {
    account.reader.changed(about);
    if (!is_not_now(error)) throw;
    return later(fmt::format("{}: {}", operation, error.message));
  }
  account.reader.changed(about);
  return soon(operation + " to show");
}

Pending change(Account& account, const char* verb, const Json& database, Json input, const Budget& budget) {
  const bool instance = kind_of(database) == Kind::instance;
  input[instance ? "DBInstanceIdentifier" : "DBClusterIdentifier"] = name_of(database);
  return change(account, id_of(database), fmt::format("{}DB{}", verb, instance ? "Instance" : "Cluster"),
                std::move(input), budget);
}

namespace {

/// Of these, those that it has not.
Tags missing(const Json& database, const Tags& tags) {
  Tags out;
  for (const auto& [key, value] : tags)
    if (label(database, key) != tag_value(value)) out[key] = value;
  return out;
}

}  // namespace

/// The first look comes a moment later, so that many who write tags at once share it.
std::optional<Pending> add_tags(Account& account, const std::string& id, const Tags& tags,
                                const Budget& budget) {
  const auto fleet = account.reader.now(budget, id);
  const Json& database = must_get(*fleet, id);
  const auto wanted = missing(database, tags);
  if (wanted.empty()) return std::nullopt;
  try {
    account.service.rds("AddTagsToResource", {{"ResourceName", arn_of(database)}, {"Tags", tag_list(wanted)}},
                        budget);
  } catch (const Error& error) {  // an ARN has the name, which may have gone
    account.reader.changed(id);
    if (!is_not_now(error)) throw;
    return later("AddTagsToResource: " + error.message);
  }
  const auto until = std::min(budget.until, budget.clock.now() + tags_show);
  while (true) {
    account.reader.changed(id);
    const auto next = budget.clock.now() + between_looks;
    if (next > until || !budget.clock.sleep_until(next, budget.stop)) return soon("its tags to show");
    if (missing(must_get(*account.reader.now(budget, id), id), tags).empty()) return std::nullopt;
  }
}

std::string key_for(const Account& account, const Json& model) {
  if (!account.settings.kms_key.empty()) return account.settings.kms_key;
  const auto key = is_foreign(arn_of(model), account.settings.account) ? "" : text(model, "KmsKeyId");
  return key.empty() ? "alias/aws/rds" : key;
}

Pending soon(std::string what) {
  return {shows_soon, {std::move(what)}};
}

Pending later(std::string what) {
  return {takes_minutes, {std::move(what)}};
}

}  // namespace provider::aws
