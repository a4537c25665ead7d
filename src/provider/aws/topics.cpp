#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "provider/aws/stores.h"

namespace provider::aws {
namespace {

/// arn:partition:sns:region:account:name
std::string region_of(const std::string& arn) {
  const auto parts = base::split_list(arn, ':');
  return parts.size() == 6 ? parts[3] : "";
}

}  // namespace

std::string Topics::objection(const std::string& topic) {
  if (topic.empty()) return {};
  if (region_of(topic).empty())
    return fmt::format("'{}' is no ARN of a topic: arn:aws:sns:REGION:ACCOUNT:NAME", topic);
  if (topic.ends_with(".fifo")) return topic + " is a topic for messages in order, which is not served";
  std::string why;
  (void)asker_.look("sns", "GetTopicAttributes", {{"TopicArn", topic}}, why, region_of(topic));
  return why;
}

std::string Topics::objection_to_mail() {
  return "no mail is sent from an account: subscribe the address to a topic, and name that";
}

std::string Topics::objection_to_webhook(const std::string&) {
  return "nothing is posted from an account: subscribe the URL to a topic, and name that";
}

/// Publish is not idempotent: a message of which nobody knows whether it was taken is sent again.
void Topics::send(const Message& message) {
  if (message.topic.empty()) return;
  asker_.ask("sns", "Publish",
             {{"TopicArn", message.topic}, {"Subject", message.subject}, {"Message", message.body}},
             region_of(message.topic));
}

}  // namespace provider::aws
