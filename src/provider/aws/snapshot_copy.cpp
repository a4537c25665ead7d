#include "provider/aws/snapshot_copy.h"

#include <fmt/format.h>

#include <cctype>

#include "base/error.h"
#include "provider/aws/model.h"
#include "provider/aws/origin.h"

namespace provider::aws {
namespace {

/// Letters, digits and single hyphens, as names of snapshots are.
std::string name_for(const std::string& token) {
  std::string name = "dbrefresh";
  for (const char c : "-" + token) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (plain || name.back() != '-') name += plain ? c : '-';
  }
  while (name.back() == '-') name.pop_back();
  return name;
}

}  // namespace

bool must_be_copied(const Account& account, const Json& snapshot) {
  return flag(snapshot, "Encrypted") && is_foreign(text(snapshot, "DBSnapshotArn"), account.settings.account);
}

Work<Json> copy_of(Account& account, const RestoreRequest& request, const Json& snapshot, const Json& model,
                   const Budget& budget) {
  const auto name = name_for(request.token);
  if (const auto copy = find_snapshot(account.service, Kind::instance, name, budget)) {
    const auto status = text(*copy, "Status");
    if (status == "available") return *copy;
    if (status == "failed")
      throw base::Error(
          "DatabaseFailed",
          fmt::format("the copy {} of snapshot {} has failed", name, text(snapshot, "DBSnapshotArn")),
          "its key must let this account decrypt and make grants");
    return later(fmt::format("snapshot {} to be copied: {} %", text(snapshot, "DBSnapshotArn"),
                             number(*copy, "PercentProgress")));
  }
  Tags tags = request.tags;
  tags[labels::token] = request.token;
  return change(account, request.token, "CopyDBSnapshot",
                {{"SourceDBSnapshotIdentifier", text(snapshot, "DBSnapshotArn")},
                 {"TargetDBSnapshotIdentifier", name},
                 {"KmsKeyId", key_for(account, model)},
                 {"CopyTags", false},
                 {"Tags", tag_list(tags)}},
                budget);
}

void forget_copy(Account& account, const Json& database, const Budget& budget) {
  const auto name = label(database, labels::copied);
  if (name.empty()) return;
  const auto copy = find_snapshot(account.service, Kind::instance, name, budget);
  if (copy && label(*copy, labels::token) == label(database, labels::token))
    account.service.rds("DeleteDBSnapshot", {{"DBSnapshotIdentifier", name}}, budget);
}

}  // namespace provider::aws
