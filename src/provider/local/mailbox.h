// The notices of a home: kept as readable files, and delivered by mail and to webhooks.
#pragma once

#include "provider/local/home.h"
#include "provider/provider.h"

namespace provider::local {

/// A message is <home>/mail/<id>.txt. Where it is to be delivered it is <id>.unsent.txt until all have taken
/// it, with what is still to be done beside it (<id>.unsent.json); who cannot be reached is tried again, by
/// the same id, for three days, and then it is <id>.undelivered.txt. Whoever cannot tell whether it was taken
/// sends it again: receivers know it by its id.
///
/// Mails go out if <home>/settings.json has `smtp`: {"url": "smtps://host:465", "from": "…", "to": ["…"],
/// "username": "…", "passwordSecret": "name of a secret"}; to those, and to those of the message.
class Mailbox : public Notifier {
 public:
  /// All must outlive it.
  Mailbox(const Home& home, SecretStore& secrets, base::Clock& clock)
      : home_(home), secrets_(secrets), clock_(clock) {}

  /// Throws MailFailed or WebhookFailed where one has not taken it yet, after all were tried.
  void send(const Message& message) override;
  std::string objection_to_mail() override;
  std::string objection_to_webhook(const std::string& secret) override;
  void deliver_again() override;

 private:
  base::Json order_of(const Message& message);
  void deliver(base::Json& order, int most_tries);
  void mail(const base::Json& order);
  void post(const base::Json& order, int most_tries);
  void put_by(const base::Json& order);
  std::vector<std::string> addresses(const base::Json& smtp, const base::Json& order) const;
  base::Secret password_in(const std::string& secret, const char* said_by);

  os::fs::path file(const std::string& id, const char* ending) const {
    return home_.mailbox() / (id + ending);
  }

  const Home& home_;
  SecretStore& secrets_;
  base::Clock& clock_;
};

}  // namespace provider::local
