// What keeps a snapshot from being restored, and a key from being used.
#include <fmt/format.h>

#include "base/error.h"
#include "provider/aws/model.h"
#include "provider/aws/objections.h"
#include "provider/aws/origin.h"

namespace provider::aws {
namespace {

using About = Objection::About;

bool is_encrypted(const Json& snapshot) {
  return flag(snapshot, snapshot.contains("DBClusterSnapshotArn") ? "StorageEncrypted" : "Encrypted");
}

}  // namespace

void Objections::check_snapshot(const RestoreRequest& request) {
  const auto snapshot = find_named_snapshot(account_, request, budget_);
  if (!snapshot && account_.source != nullptr) return say_why_not_shared(request);
  if (!snapshot)
    return object(About::snapshot, fmt::format("'{}': there is no such snapshot", request.snapshot));
  const auto status = text(*snapshot, "Status");
  if (status != "available") object(About::snapshot, fmt::format("'{}' is {}", request.snapshot, status));
  if (!is_encrypted(*snapshot)) return;
  if (is_foreign(arn_of_snapshot(*snapshot), account_.settings.account)) return check_shared_key(*snapshot);
  check_key(About::snapshot, request.snapshot, text(*snapshot, "KmsKeyId"));
}

/// A snapshot that another account shares can be used where its key lets us. Nobody but its own account may
/// use a default key.
void Objections::check_shared_key(const Json& snapshot) {
  const auto arn = arn_of_snapshot(snapshot), key = text(snapshot, "KmsKeyId");
  std::string why;
  try {
    const Json found = account_.service.call("kms", "DescribeKey", {{"KeyId", key}}, budget_);
    const Json& metadata = part(found, "KeyMetadata");
    if (text(metadata, "KeyManager") != "AWS") return check_state(About::snapshot, arn, metadata);
    why = "the default key of its account";
  } catch (const base::Error& error) {
    if (error.retryable) throw;
    why = is_default_key_there(key) ? "the default key of its account"
                                    : fmt::format("a key that we may not use ({})", error.message);
  }
  const char* kind = snapshot.contains("DBClusterSnapshotArn") ? "cluster-" : "";
  object(About::snapshot,
         fmt::format("'{}' is shared, and encrypted with {}: copy it there with a customer key (aws rds "
                     "copy-db-{}snapshot --kms-key-id KEY), let this account use the key, and share the copy",
                     arn, why, kind));
}

void Objections::check_source_key(const Json& source) {
  if (flag(source, "StorageEncrypted") && !is_foreign(arn_of(source), account_.settings.account))
    check_key(About::source, name_of(source), text(source, "KmsKeyId"));
}

/// With which copies of what others share are encrypted.
void Objections::check_own_key() {
  if (const auto& key = account_.settings.kms_key; !key.empty()) check_key(About::host, "--kms-key", key);
}

/// Whoever may not look at a key may be allowed to use it all the same: RDS uses it for its caller.
void Objections::check_key(About about, const std::string& whose, const std::string& key) {
  try {
    const Json found = account_.service.call("kms", "DescribeKey", {{"KeyId", key}}, budget_);
    check_state(about, whose, part(found, "KeyMetadata"));
  } catch (const base::Error& error) {
    if (error.retryable) throw;
    if (error.code.find("NotFound") != std::string::npos)
      object(about, fmt::format("'{}' is encrypted with {}, and there is no such key", whose, key));
    else
      object(about, fmt::format("the key of '{}' is not checked: {}", whose, error.message),
             Objection::Weight::warning);
  }
}

/// A key that is disabled, or to be deleted, decrypts nothing (KMS API reference, KeyState).
void Objections::check_state(About about, const std::string& whose, const Json& key) {
  const auto state = text(key, "KeyState");
  if (state.empty() || state == "Enabled") return;
  object(about,
         fmt::format("'{}' is encrypted with {}, which is {}: aws kms {} --key-id {}", whose,
                     text(key, "Arn"), state,
                     state == "PendingDeletion" ? "cancel-key-deletion" : "enable-key", text(key, "KeyId")));
}

}  // namespace provider::aws
