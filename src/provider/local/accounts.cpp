#include "provider/local/accounts.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace provider::local {
namespace {

using base::Error;

constexpr const char* prefix = "dbr-";

bool separate() {
  return os::current_user().uid == 0;
}

}  // namespace

Accounts::Fresh Accounts::make() const {
  if (!separate()) return {os::current_user(), std::nullopt};
  const std::string name = prefix + os::random_text(12);
  auto held = os::FileLock::try_lock(lock_of(name));
  return {os::make_account(name, storage_, range_), std::move(held)};
}

os::Ids Accounts::of(const os::fs::path& folder) const {
  if (!separate()) return os::current_user();
  const auto owner = os::owner_of(folder);
  if (!owner || owner->uid == 0)
    throw Error("NoAccount",
                fmt::format("{} belongs to no account that a server could run as", folder.string()));
  if (!owner->name.starts_with(prefix))
    return *owner;  // chosen by an administrator, or made before there were ours
  const auto ours = os::accounts_of(prefix, storage_);
  if (std::ranges::find(ours, owner->uid, &os::Ids::uid) == ours.end())
    throw Error("NoAccount",
                fmt::format("{} belongs to {}, which is a server's account of another home", folder.string(),
                            owner->name),
                "was the home moved? give the folder to an account that owns nothing else: chown -R");
  return *owner;
}

os::Ids Accounts::claim(const os::fs::path& folder) const {
  const auto owner = os::owner_of(folder);
  if (!separate() || (owner && owner->uid != 0)) {
    const auto ids = of(folder);
    os::make_folder(folder, 0700, ids);
    return ids;
  }
  const Fresh fresh = make();
  os::make_folder(folder, 0700, fresh.ids);
  os::remove_tree(lock_of(fresh.ids.name));
  return fresh.ids;
}

bool Accounts::owns_something(const os::Ids& account) const {
  for (const char* each : {"instances", "archive"}) {
    for (const auto& entry : os::fs::directory_iterator(storage_ / each)) {
      const auto owner = os::owner_of(entry.path());
      if (owner && owner->uid == account.uid) return true;
    }
  }
  return false;
}

void Accounts::sweep() const {
  if (!separate()) return;
  for (const auto& each : os::accounts_of(prefix, storage_)) {
    const auto held = os::FileLock::try_lock(lock_of(each.name));
    if (!held) continue;
    if (!owns_something(each)) os::remove_account(each);
    os::remove_tree(lock_of(each.name));
  }
}

}  // namespace provider::local
