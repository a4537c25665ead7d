// The runtime of a function against the runtime API.
#include "lambda/runtime.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/lambda/lambda.h"

namespace tests {
namespace {

using base::Error;
using base::Json;
using testing::HasSubstr;

class LambdaRuntime : public testing::Test {
 protected:
  /// Serves in a thread of its own until the service is gone.
  void serve(lambda::Handler handler) {
    thread_ = std::jthread([this, handler = std::move(handler)](const std::stop_token& stop) {
      lambda::Runtime runtime(service_.endpoint(), clock_);
      try {
        runtime.serve(handler, stop);
      } catch (const Error& error) {
        ended_ = error.code;
      }
    });
  }
  std::string code_of(const std::string& event) {
    try {
      service_.invoke(event);
      return "";
    } catch (const Error& error) {
      return error.code + ": " + error.message;
    }
  }

  base::SystemClock clock_;
  LambdaService service_;
  std::string ended_;
  std::jthread thread_;
};

TEST_F(LambdaRuntime, AnswersEventAfterEvent) {
  serve([this](const lambda::Invocation& invocation) {
    const auto left = std::chrono::duration<double>(invocation.deadline - clock_.now()).count();
    return Json{{"id", invocation.id}, {"was", invocation.event}, {"in_time", left > 50 && left < 61}};
  });
  EXPECT_EQ(service_.invoke("[1]"), Json({{"id", "request-1"}, {"was", {1}}, {"in_time", true}}));
  EXPECT_EQ(service_.invoke("{}").at("id"), "request-2");
}

TEST_F(LambdaRuntime, AnErrorIsOneOfTheInvocationAndNoEndOfTheProcess) {
  serve([](const lambda::Invocation& invocation) -> Json {
    const std::string what = invocation.event.at("what");
    if (what == "retryable") {
      Error error("Throttling", "too many", "wait");
      error.retryable = true;
      throw error;
    }
    if (what == "settled") throw Error("ScriptFailed", "statement 3");
    if (what == "long") return std::string(7U << 20U, 'x');
    return "well";
  });
  EXPECT_EQ(code_of(R"({"what": "retryable"})"), "Dbrefresh.Retryable: Throttling: too many\nhint: wait");
  EXPECT_EQ(code_of(R"({"what": "settled"})"), "ScriptFailed: ScriptFailed: statement 3");
  EXPECT_THAT(code_of(R"({"what": "long"})"),
              HasSubstr("ResponseTooLarge: ResponseTooLarge: the answer has "));
  EXPECT_THAT(code_of(R"({"nothing": 1})"), HasSubstr("Dbrefresh.Internal"));
  EXPECT_THAT(code_of("no JSON"), HasSubstr("BadEvent"));
  EXPECT_EQ(service_.invoke(R"({"what": "else"})"), "well");
  for (const auto& each : service_.received()) {
    if (!each.target.ends_with("/error")) continue;
    EXPECT_EQ(each.headers.at("lambda-runtime-function-error-type"),
              Json::parse(each.body).at("errorType").get<std::string>());
  }
}

TEST_F(LambdaRuntime, SaysThatItCannotBegin) {
  lambda::Runtime(service_.endpoint(), clock_).cannot_begin({"NoCredentials", "there are none"});
  EXPECT_EQ(service_.awaits_failure().at("errorType"), "NoCredentials");
  EXPECT_THAT(service_.received().back().target, testing::EndsWith("/runtime/init/error"));
}

TEST(LambdaRuntimeAlone, EndsWhereNobodyGivesItEvents) {
  base::SystemClock clock;
  Server server({{.status = 500, .body = "gone", .headers = {}}});
  lambda::Runtime runtime(server.url().substr(7), clock);
  EXPECT_THROW(runtime.serve([](const auto&) { return Json(); }, {}), Error);
}

}  // namespace
}  // namespace tests
