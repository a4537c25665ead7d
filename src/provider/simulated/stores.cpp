#include "provider/simulated/stores.h"

#include <fmt/format.h>

namespace provider::simulated {

using base::Error;

std::optional<base::Secret> Secrets::get(const std::string& name, Stage stage) {
  const auto found = values_.find(name);
  if (found == values_.end() || !found->second.contains(stage)) return std::nullopt;
  return found->second.at(stage);
}

void Secrets::put_pending(const std::string& name, const base::Secret& value) {
  values_[name][Stage::pending] = value;
}

void Secrets::promote(const std::string& name) {
  auto& versions = values_[name];
  if (!versions.contains(Stage::pending)) return;
  if (versions.contains(Stage::current)) versions[Stage::previous] = versions[Stage::current];
  versions[Stage::current] = versions[Stage::pending];
  versions.erase(Stage::pending);
}

void Secrets::drop_pending(const std::string& name) {
  values_[name].erase(Stage::pending);
}
void Secrets::remove(const std::string& name) {
  values_.erase(name);
  rotations_.erase(name);
}

std::optional<Secrets::Rotation> Secrets::rotation(const std::string& name) {
  const auto found = rotations_.find(name);
  return found == rotations_.end() ? std::nullopt : std::optional(found->second);
}

void Secrets::rotate_regularly(const std::string& name, const std::optional<Rotation>& rotation) {
  rotations_.erase(name);
  if (rotation) rotations_.emplace(name, *rotation);
}

std::string Secrets::how_to_read(const std::string& name) const {
  return fmt::format("dbrefresh local secret {} --reveal", name);
}

std::vector<std::string> Secrets::names() {
  std::vector<std::string> out;
  for (const auto& [name, versions] : values_)
    if (!versions.empty()) out.push_back(name);
  return out;
}

std::string Scripts::read(const std::string& bucket, const std::string& key) {
  const auto found = objects.find(bucket + "/" + key);
  if (found == objects.end()) throw Error("NoSuchKey", "bucket '" + bucket + "' has no object '" + key + "'");
  return found->second;
}

void MemoryLedger::record(const std::string&, const LedgerRow& row) {
  if (broken) throw Error("LedgerBroken", "the ledger is broken");
  const auto same = [&](const LedgerRow& other) {
    return other.run == row.run && other.restoredate == row.restoredate;
  };
  if (std::ranges::none_of(rows_, same)) rows_.push_back(row);
}

std::vector<LedgerRow> MemoryLedger::rows(const std::string&) {
  return rows_;
}

void MemoryNotifier::send(const Message& message) {
  if (broken) throw Error("MailFailed", "mail is broken");
  if (full > 0 && full-- > 0) throw Error("DiskFull", "there is no room for mail");
  if (std::ranges::find(messages, message.id, &Message::id) == messages.end()) messages.push_back(message);
}

}  // namespace provider::simulated
