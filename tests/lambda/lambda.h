// AWS Lambda's side of a function: the runtime API that its process asks for events.
#pragma once

#include <condition_variable>
#include <optional>

#include "base/error.h"
#include "base/json.h"
#include "tests/aws/server.h"

namespace tests {

class LambdaService {
 public:
  LambdaService() : server_([this](const Received& asked) { return answer(asked); }) {}
  LambdaService(const LambdaService&) = delete;
  ~LambdaService() {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    changed_.notify_all();
  }

  /// As AWS_LAMBDA_RUNTIME_API says it.
  std::string endpoint() const { return server_.url().substr(std::string("http://").size()); }

  /// Gives the process this text, and returns what it answers, within five minutes. Throws the error that it
  /// answers, by the type and message that Lambda would show.
  base::Json invoke(const std::string& event, std::chrono::milliseconds within = std::chrono::minutes(1)) {
    std::unique_lock lock(mutex_);
    event_ = event;
    within_ = within;
    said_.reset();
    changed_.notify_all();
    if (!changed_.wait_for(lock, std::chrono::minutes(5), [&] { return said_.has_value(); }))
      throw base::Error("Timeout", "the function does not answer");
    const auto body = base::Json::parse(said_->body);
    if (said_->target.ends_with("/response")) return body;
    throw base::Error(body.at("errorType"), body.at("errorMessage").get<std::string>());
  }
  /// What it says when it cannot begin.
  base::Json awaits_failure() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::minutes(1), [&] { return said_.has_value(); }))
      throw base::Error("Timeout", "the function says nothing");
    return base::Json::parse(said_->body);
  }
  std::vector<Received> received() { return server_.received(); }

 private:
  Reply answer(const Received& asked) {
    std::unique_lock lock(mutex_);
    if (!asked.target.ends_with("/invocation/next")) {
      said_ = asked;
      changed_.notify_all();
      return {.status = 202, .body = R"({"status":"OK"})", .headers = {}};
    }
    changed_.wait(lock, [&] { return event_.has_value() || closing_; });
    if (closing_) return {.status = 500, .body = "", .headers = {}};
    const auto deadline = std::chrono::system_clock::now() + within_;
    const auto ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline.time_since_epoch()).count();
    Reply reply{.status = 200, .body = *std::exchange(event_, std::nullopt), .headers = {}};
    reply.headers = {{"Lambda-Runtime-Aws-Request-Id", "request-" + std::to_string(++count_)},
                     {"Lambda-Runtime-Deadline-Ms", std::to_string(ms)}};
    return reply;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<std::string> event_;
  std::chrono::milliseconds within_{};
  std::optional<Received> said_;
  int count_ = 0;
  bool closing_ = false;
  Server server_;
};

}  // namespace tests
