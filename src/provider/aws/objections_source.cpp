// What keeps a source in another account from being restored here.
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "provider/aws/model.h"
#include "provider/aws/objections.h"
#include "provider/aws/origin.h"

namespace provider::aws {
namespace {

using About = Objection::About;

}  // namespace

std::optional<Json> Objections::find_source(const Fleet& fleet, const std::string& id) {
  const auto elsewhere = account_.source == nullptr ? nullptr : account_.source->reader().now(budget_);
  const Json* found = elsewhere ? elsewhere->by_id(id) : fleet.by_id(id);
  if (found == nullptr) return std::nullopt;
  if (elsewhere)
    object(About::source, fmt::format("'{}' is {}, which is only looked at", name_of(*found), arn_of(*found)),
           Objection::Weight::note);
  return *found;
}

/// Clones are made of what AWS RAM shares; a point in time is not to be had from another account at all.
bool Objections::is_refused_elsewhere(const Fleet& fleet, const RestoreRequest& request, const Json& source) {
  const auto& ours = account_.settings.account;
  if (account_.source == nullptr || !is_foreign(arn_of(source), ours) ||
      request.type == RestoreType::from_snapshot)
    return false;
  const char* cluster = request.kind == Kind::cluster ? "cluster-" : "";
  if (request.type != RestoreType::fast_cloning) {
    object(About::source,
           fmt::format("'{}' is in another account, and RDS restores no point in time from there: take a "
                       "snapshot there (aws rds create-db-{}snapshot), share it with {}, and restore it "
                       "(restoretype fromsnapshot)",
                       name_of(source), cluster, ours));
    return true;
  }
  if (std::ranges::any_of(fleet.clusters, [&](const Json& each) { return arn_of(each) == arn_of(source); }))
    return false;
  object(About::source,
         fmt::format("'{}' is not shared with the account {}: share it there (aws ram create-resource-share "
                     "--name NAME --resource-arns {} --principals {}), and accept it here",
                     name_of(source), ours, arn_of(source), ours));
  return true;
}

bool Objections::is_default_key_there(const std::string& key) {
  if (account_.source == nullptr) return false;
  try {
    const Json found = account_.source->service().call("kms", "DescribeKey", {{"KeyId", key}}, budget_);
    return text(part(found, "KeyMetadata"), "KeyManager") == "AWS";
  } catch (const base::Error& error) {
    if (error.retryable) throw;
    return false;  // nobody may look: it is only a key that we may not use
  }
}

/// Of a snapshot that this account does not see.
void Objections::say_why_not_shared(const RestoreRequest& request) {
  const bool cluster = request.kind == Kind::cluster;
  const auto there = find_snapshot(account_.source->service(), request.kind, request.snapshot, budget_);
  if (!there)
    return object(About::snapshot,
                  fmt::format("'{}': there is no such snapshot in the source's account", request.snapshot));
  const auto arn = arn_of_snapshot(*there), kind = std::string(cluster ? "cluster-" : "");
  const bool encrypted = flag(*there, cluster ? "StorageEncrypted" : "Encrypted");
  const bool automated = text(*there, "SnapshotType") == "automated";
  const bool default_key = encrypted && is_default_key_there(text(*there, "KmsKeyId"));
  if (automated || default_key)
    return object(
        About::snapshot,
        fmt::format("'{}' is {}, and cannot be shared: copy it there{} (aws rds copy-db-{}snapshot{}), "
                    "and share the copy with {}",
                    arn, default_key ? "encrypted with the default key of its account" : "automated",
                    default_key ? " with a customer key that this account may use" : "", kind,
                    default_key ? " --kms-key-id KEY" : "", account_.settings.account));
  object(About::snapshot,
         fmt::format(
             "'{}' is not shared with the account {}: share it there (aws rds modify-db-{}snapshot-attribute "
             "--db-{}snapshot-identifier {} --attribute-name restore --values-to-add {})",
             arn, account_.settings.account, kind, kind, arn.substr(arn.find("napshot:") + 8),
             account_.settings.account));
}

}  // namespace provider::aws
