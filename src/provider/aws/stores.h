// The small stores of an account: Secrets Manager, S3, DynamoDB and SNS.
#pragma once

#include "provider/aws/service.h"
#include "provider/provider.h"

namespace provider::aws {

/// Calls with half a minute each, for verbs that are given no budget. Thread-safe; `service` must outlive it.
class Asker {
 public:
  explicit Asker(Service& service) : service_(service) {}
  Json ask(const std::string& service, const std::string& operation, Json input,
           const std::string& region = "");
  /// The same; nothing where the service answers one of these codes.
  std::optional<Json> ask_unless(std::initializer_list<std::string_view> codes, const std::string& service,
                                 const std::string& operation, Json input, const std::string& region = "");
  /// The same, of a service that may refuse us; `why` is what it says then, but that we may not look.
  std::optional<Json> look(const std::string& service, const std::string& operation, Json input,
                           std::string& why, const std::string& region = "");
  /// All pages of a list.
  std::vector<Json> all(const std::string& service, const std::string& operation, const std::string& list);

 private:
  Service& service_;
};

/// AWS Secrets Manager. The first version of a secret that is made here is its current one at once: Secrets
/// Manager knows no secret with a pending version alone (API reference, PutSecretValue), and nobody reads a
/// secret that was not there.
class SecretsManager : public SecretStore {
 public:
  explicit SecretsManager(Asker asker) : asker_(asker) {}
  std::optional<base::Secret> get(const std::string& name, Stage stage) override;
  bool has(const std::string& name) override;
  /// Throws SecretScheduledForDeletion.
  void put_pending(const std::string& name, const base::Secret& value) override;
  void promote(const std::string& name) override;
  void drop_pending(const std::string& name) override;
  /// At once, without the days in which it could be had back: its name is free for the next refresh.
  void remove(const std::string& name) override;
  std::vector<std::string> names() override;
  std::string how_to_read(const std::string& name) const override;
  bool rotates() const override { return true; }
  std::optional<Rotation> rotation(const std::string& name) override;
  /// Secrets Manager tries the function's access before it takes it for good (API reference, RotateSecret).
  void rotate_regularly(const std::string& name, const std::optional<Rotation>& rotation) override;
  /// One that a service of Amazon's manages, a replica of another Region's, or one that is being deleted.
  std::optional<std::string> objection_to_change(const std::string& name) override;

 private:
  /// The ids of versions by stage; nothing if there is no such secret.
  std::optional<std::map<std::string, std::string>> stages(const std::string& name);
  void move(const std::string& name, const char* stage, const std::string& from, const std::string& to);

  Asker asker_;
};

/// The Region in an answer of GetBucketLocation: nothing stands for us-east-1, and EU for eu-west-1.
std::string region_of_location(const Json& location);

/// S3, in whatever Region a bucket is.
class Buckets : public ScriptStore {
 public:
  explicit Buckets(Asker asker) : asker_(asker) {}
  std::string read(const std::string& bucket, const std::string& key) override;

 private:
  Asker asker_;
};

/// DynamoDB tables with the key of the original: dbinstance (hash) and restoredate (range). No row is ever
/// overwritten: the second one of a key gets the run's id behind its date.
class DynamoLedger : public Ledger {
 public:
  explicit DynamoLedger(Asker asker) : asker_(asker) {}
  void record(const std::string& table, const LedgerRow& row) override;
  std::vector<LedgerRow> rows(const std::string& table) override;
  /// Where it may be looked at: one that is not there, or has another key.
  std::string objection(const std::string& table) override;

 private:
  bool put(const std::string& table, const LedgerRow& row, const std::string& date);
  Asker asker_;
};

/// SNS; a message without a topic goes to nobody here.
class Topics : public Notifier {
 public:
  explicit Topics(Asker asker) : asker_(asker) {}
  void send(const Message& message) override;
  /// Where it may be looked at: one that is not there, or wants messages in order.
  std::string objection(const std::string& topic) override;
  std::string objection_to_mail() override;
  std::string objection_to_webhook(const std::string& secret) override;

 private:
  Asker asker_;
};

}  // namespace provider::aws
