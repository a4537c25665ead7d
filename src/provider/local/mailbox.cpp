#include "provider/local/mailbox.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "os/mail.h"
#include "provider/local/webhook.h"

namespace provider::local {
namespace {

using base::Error;
using base::Json;

constexpr const char* kept_ending = ".txt";
constexpr const char* unsent_ending = ".unsent.txt";
constexpr const char* undelivered_ending = ".undelivered.txt";
constexpr const char* order_ending = ".unsent.json";

/// After that nobody needs to hear of it any more.
constexpr auto given_up_after = std::chrono::hours(72);
/// A receiver that is started anew is away for seconds.
constexpr int tries_at_once = 3;
constexpr std::chrono::seconds pauses[] = {std::chrono::seconds(1), std::chrono::seconds(4)};
constexpr auto longest_pause = std::chrono::hours(1);

std::string readable(const Message& message) {
  return fmt::format(
      "Subject: {}\nTopic: {}\n\n{}\n", message.headline.empty() ? message.subject : message.headline,
      message.topic.empty() ? "-" : message.topic, message.letter.empty() ? message.body : message.letter);
}

bool is_done(const Json& order) {
  return !order.at("mail").get<bool>() && order.at("webhook").is_null();
}

base::Time time_in(const Json& order, const char* member) {
  return base::parse_iso_offset(order.at(member).get<std::string>()).value_or(base::Time{});
}

}  // namespace

/// What is to be done, and when it was begun.
Json Mailbox::order_of(const Message& message) {
  const auto now = clock_.now();
  const Json smtp = read_settings(home_.root).value("smtp", Json::object());
  Json order = {{"id", message.id},
                {"subject", message.headline.empty() ? message.subject : message.headline},
                {"body", message.letter.empty() ? message.body : message.letter},
                {"to", message.to},
                {"webhook", nullptr},
                {"begun", base::iso_utc(now)},
                {"tries", 0},
                {"next", base::iso_utc(now + std::chrono::minutes(2))}};
  order["mail"] = !addresses(smtp, order).empty();
  if (!message.webhook.empty())
    order["webhook"] = {
        {"url", message.webhook},
        {"secret", message.webhook_secret},
        {"body", base::dump_valid(
                     {{"type", message.type}, {"timestamp", base::iso_utc(now)}, {"data", message.data}})}};
  return order;
}

void Mailbox::send(const Message& message) {
  if (os::fs::exists(file(message.id, kept_ending)) || os::fs::exists(file(message.id, undelivered_ending)))
    return;
  const auto waiting = file(message.id, order_ending);
  Json order = os::fs::exists(waiting) ? Json::parse(os::read_file(waiting)) : order_of(message);
  if (is_done(order)) return os::write_file_atomic(file(message.id, kept_ending), readable(message), 0600);
  const auto text = file(message.id, unsent_ending);  // its time says how long it waits
  if (!os::fs::exists(text)) os::write_file_atomic(text, readable(message), 0600);
  put_by(order);  // whoever dies now leaves it to the next one
  deliver(order, tries_at_once);
}

void Mailbox::put_by(const Json& order) {
  os::write_file_atomic(file(order.at("id"), order_ending), order.dump(), 0600);
}

/// Tries all that is left; throws the first failure when all were tried.
void Mailbox::deliver(Json& order, int most_tries) {
  std::optional<Error> failure;
  const auto attempt = [&](const char* what, const std::function<void()>& work) {
    try {
      work();
      order[what] = what == std::string_view("mail") ? Json(false) : Json();
    } catch (const Error& error) {
      if (!failure) failure = error;
      if (error.code == "WebhookFailed" && !error.retryable) order[what] = nullptr;  // it wants no more
    }
  };
  if (order.at("mail").get<bool>()) attempt("mail", [&] { mail(order); });
  if (!order.at("webhook").is_null()) attempt("webhook", [&] { post(order, most_tries); });
  const auto now = clock_.now();
  const std::string id = order.at("id");
  const bool given_up = failure && (is_done(order) || now > time_in(order, "begun") + given_up_after);
  if (is_done(order) || given_up) {
    os::fs::rename(file(id, unsent_ending), file(id, given_up ? undelivered_ending : kept_ending));
    os::fs::remove(file(id, order_ending));
  } else {
    const int tries = order.at("tries").get<int>() + 1;
    order["tries"] = tries;
    const auto pause =
        std::min<std::chrono::minutes>(longest_pause, std::chrono::minutes(1 << std::min(tries, 6)));
    order["next"] = base::iso_utc(now + pause);
    put_by(order);
  }
  if (!failure) return;
  failure->retryable = false;  // by whom is decided here: no run waits for it
  throw *failure;
}

/// One process at a time. An order that cannot be read is left to people.
void Mailbox::deliver_again() {
  const auto lock = os::FileLock::try_lock(home_.locks() / "mail");
  if (!lock) return;
  std::vector<os::fs::path> orders;
  for (const auto& each : os::fs::directory_iterator(home_.mailbox()))
    if (each.path().filename().string().ends_with(order_ending)) orders.push_back(each.path());
  std::ranges::sort(orders);
  for (const auto& path : orders) try {
      Json order = Json::parse(os::read_file(path));
      if (time_in(order, "next") <= clock_.now()) deliver(order, 1);
    } catch (const std::exception&) {  // said when it was tried first; it is tried again, or given up
    }
}

std::vector<std::string> Mailbox::addresses(const Json& smtp, const Json& order) const {
  auto all = smtp.value("to", std::vector<std::string>{});
  for (const auto& each : order.at("to").get<std::vector<std::string>>())
    if (std::ranges::find(all, each) == all.end()) all.push_back(each);
  return all;
}

base::Secret Mailbox::password_in(const std::string& name, const char* said_by) {
  const auto secret = secrets_.get(name, SecretStore::Stage::current);
  if (!secret)
    throw Error("SecretNotFound", fmt::format("{} names '{}', and there is no such secret", said_by, name),
                fmt::format("dbrefresh local secret {} --set FILE", name));
  const auto value = Json::parse(secret->reveal(), nullptr, false);
  if (!value.is_object() || !value.contains("password") || !value["password"].is_string())
    throw Error("SecretInvalid",
                fmt::format("{} names '{}', which is no JSON object with a password", said_by, name));
  return base::Secret(value["password"].get<std::string>());
}

void Mailbox::mail(const Json& order) {
  const Json settings = read_settings(home_.root);
  if (!settings.contains("smtp")) throw Error("MailFailed", objection_to_mail());
  const Json& smtp = settings["smtp"];
  os::Mail mail{.url = smtp.at("url"),
                .from = smtp.at("from"),
                .to = addresses(smtp, order),
                .username = smtp.value("username", ""),
                .password = {},
                .id = order.at("id"),
                .date = clock_.now(),
                .subject = order.at("subject"),
                .body = order.at("body")};
  if (const std::string name = smtp.value("passwordSecret", ""); !name.empty())
    mail.password = password_in(name, "settings.json: smtp.passwordSecret");
  os::send_mail(mail);
}

void Mailbox::post(const Json& order, int most_tries) {
  const Json& webhook = order.at("webhook");
  const auto key = webhook_key(password_in(webhook.at("secret"), "notify.webhook.secret").reveal());
  if (!key) throw Error("SecretInvalid", objection_to_webhook(webhook.at("secret")));
  for (int i = 0;; ++i) try {
      return post_webhook(webhook.at("url"), *key, order.at("id"), clock_.now(), webhook.at("body"));
    } catch (const Error& error) {
      if (!error.retryable || i + 1 >= most_tries) throw;
      clock_.sleep_until(clock_.now() + pauses[i], {});
    }
}

std::string Mailbox::objection_to_mail() {
  if (read_settings(home_.root).contains("smtp")) return {};
  return fmt::format("mails go out by smtp in {}, and there is none",
                     (home_.root / "settings.json").string());
}

std::string Mailbox::objection_to_webhook(const std::string& secret) {
  try {
    if (webhook_key(password_in(secret, "it").reveal())) return {};
  } catch (const Error& error) {
    return to_string(error);
  }
  return fmt::format("'{}' has no password that is whsec_ and 24 to 64 bytes in base64", secret);
}

}  // namespace provider::local
