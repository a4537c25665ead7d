// The small stores in memory.
#pragma once

#include <algorithm>

#include "base/error.h"
#include "provider/provider.h"

namespace provider::simulated {

class Secrets : public SecretStore {
 public:
  std::optional<base::Secret> get(const std::string& name, Stage stage) override;
  void put_pending(const std::string& name, const base::Secret& value) override;
  void promote(const std::string& name) override;
  void drop_pending(const std::string& name) override;
  void remove(const std::string& name) override;
  std::vector<std::string> names() override;
  std::string how_to_read(const std::string& name) const override;
  bool rotating = true;
  bool rotates() const override { return rotating; }
  std::optional<Rotation> rotation(const std::string& name) override;
  void rotate_regularly(const std::string& name, const std::optional<Rotation>& rotation) override;

 private:
  std::map<std::string, std::map<Stage, base::Secret>> values_;
  std::map<std::string, Rotation> rotations_;
};

class Scripts : public ScriptStore {
 public:
  std::map<std::string, std::string> objects;  ///< "bucket/key" -> text
  std::string read(const std::string& bucket, const std::string& key) override;
};

/// As a table with the key of the original: it knows a run's row again by its date.
class MemoryLedger : public Ledger {
 public:
  bool broken = false;
  void record(const std::string& table, const LedgerRow& row) override;
  std::vector<LedgerRow> rows(const std::string& table) override;

 private:
  std::vector<LedgerRow> rows_;
};

class MemoryNotifier : public Notifier {
 public:
  bool broken = false;
  int full = 0;  ///< so many calls find no room
  std::vector<Message> messages;
  void send(const Message& message) override;
};

}  // namespace provider::simulated
