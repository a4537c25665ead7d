#include "refresh/recipients.h"

#include <gtest/gtest.h>

namespace refresh {
namespace {

bool is_told(std::vector<std::string> on, std::string_view outcome) {
  provider::Message message;
  address(message,
          {.topic = "t", .to = {"a@b"}, .webhook = "https://x", .webhook_secret = "s", .on = std::move(on)},
          outcome);
  EXPECT_EQ(message.topic, "t") << "a topic hears of everything";
  EXPECT_EQ(message.to.empty(), message.webhook.empty());
  return !message.to.empty();
}

TEST(Recipients, HearOfWhatTheyWant) {
  for (const char* outcome : {"failed", "refused", "not_put_back", "late"}) EXPECT_TRUE(is_told({}, outcome));
  EXPECT_FALSE(is_told({}, "succeeded"));
  EXPECT_TRUE(is_told({"succeeded"}, "succeeded"));
  EXPECT_FALSE(is_told({"succeeded"}, "failed"));
  EXPECT_TRUE(is_told({"failed"}, "not_put_back")) << "the worst of failures";
  EXPECT_FALSE(is_told({"not_put_back"}, "failed"));
}

/// What is not encrypted goes to this host alone, whatever stands before or after its name.
TEST(Recipients, WebhooksAreEncryptedOrHere) {
  for (const char* good :
       {"https://hooks.example.com/refresh?x=1", "https://10.0.0.1:8443", "http://127.0.0.1:80/x",
        "http://localhost:1/", "http://[::1]:80/", "http://LOCALHOST/a@b"})
    EXPECT_EQ(webhook_fault(good), "") << good;
  for (const char* bad :
       {"", "hooks.example.com", "ftp://x/", "http://hooks.example.com/", "http://127.0.0.1.example.com/",
        "http://localhost@example.com/", "http://127.0.0.1:80@example.com/",
        "https://user:password@example.com/", "http://127.0.0.2/", "https://", "https:///x", "https://x/a b",
        "https://x/\r\nX: y", "http://[::1].x/", "http://localhost\\@example.com/", "file:///etc/passwd"})
    EXPECT_NE(webhook_fault(bad), "") << bad;
}

}  // namespace
}  // namespace refresh
