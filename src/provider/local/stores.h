// The small stores of the local provider: secrets, scripts and ledger.
#pragma once

#include <mutex>

#include "provider/local/home.h"
#include "provider/provider.h"
#include "store/sqlite.h"

namespace provider::local {

/// Secrets in an SQLite file, each value sealed with AES-256-GCM under the key file (32 random bytes, mode
/// 0600). Thread-safe.
class Secrets : public SecretStore {
 public:
  /// Makes the key on first use, unless it is to look only. Throws `SecretKeyExposed` if others may read the
  /// key file.
  explicit Secrets(const Home& home, store::Mode mode = store::Mode::write);

  std::optional<base::Secret> get(const std::string& name, Stage stage) override;
  void put_pending(const std::string& name, const base::Secret& value) override;
  void promote(const std::string& name) override;
  void drop_pending(const std::string& name) override;
  void remove(const std::string& name) override;
  std::vector<std::string> names() override;
  std::string how_to_read(const std::string& name) const override;

 private:
  std::optional<base::Secret> read(const std::string& name, const std::string& stage);
  void write(const std::string& name, const std::string& stage, const base::Secret& value);
  void erase(const std::string& name, const std::string& stage);

  std::mutex mutex_;
  base::Secret key_;
  store::Database db_;
};

/// A bucket is a folder below <home>/buckets.
class Scripts : public ScriptStore {
 public:
  explicit Scripts(const Home& home) : home_(home) {}
  std::string read(const std::string& bucket, const std::string& key) override;

 private:
  const Home& home_;
};

/// Thread-safe.
class SqliteLedger : public Ledger {
 public:
  explicit SqliteLedger(const Home& home, store::Mode mode = store::Mode::write);
  void record(const std::string& table, const LedgerRow& row) override;
  std::vector<LedgerRow> rows(const std::string& table) override;

 private:
  std::mutex mutex_;
  store::Database db_;
};

}  // namespace provider::local
