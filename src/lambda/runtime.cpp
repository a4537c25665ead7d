#include "lambda/runtime.h"

#include <fmt/format.h>

#include <charconv>

#include "base/text.h"
#include "engine/task.h"

namespace lambda {
namespace {

using base::Error;
using base::Json;

/// Of a synchronous invocation (AWS Lambda Developer Guide, "Lambda quotas").
constexpr std::size_t longest_answer = 6U << 20U;
/// A process waits for its next event, frozen, for as long as Lambda keeps it.
constexpr auto between_events = std::chrono::hours(48);

base::Time deadline_of(const os::HttpResponse& given, base::Time now) {
  const auto text = given.header("lambda-runtime-deadline-ms");
  std::int64_t ms = 0;
  const bool said = std::from_chars(text.data(), text.data() + text.size(), ms).ec == std::errc{};
  return said ? base::Time(std::chrono::milliseconds(ms)) : now + std::chrono::minutes(1);
}

/// As Lambda shows it, and as Retry and Catch of a state machine see it: the type is the error's name.
Json shown(const engine::TaskFailure& failure) {
  return {{"errorType", failure.name}, {"errorMessage", failure.cause}, {"stackTrace", Json::array()}};
}

}  // namespace

bool Runtime::post(const std::string& path, const std::string& body, const std::string& error_type) {
  os::HttpRequest request{.method = "POST", .url = api_ + path, .body = body, .direct = true};
  request.headers.emplace_back("content-type", "application/json");
  if (!error_type.empty()) request.headers.emplace_back("lambda-runtime-function-error-type", error_type);
  const auto status = http_.send(request, {}).status;
  if (status != 413 && status / 100 != 2)  // nobody listens any more
    throw Error("RuntimeLost", fmt::format("Lambda answers {} to {}", status, path));
  return status != 413;
}

void Runtime::fail(const std::string& path, const Error& error) {
  const auto failure = engine::failure_of(error);
  if (!post(path, shown(failure).dump(), failure.name))
    throw Error("RuntimeLost", "Lambda takes no error of this length: " + failure.name);
}

void Runtime::cannot_begin(const Error& error) {
  fail("/init/error", error);
}

os::HttpResponse Runtime::next(const std::stop_token& stop) {
  auto given = http_.send({.url = api_ + "/invocation/next", .direct = true, .within = between_events}, stop);
  if (given.status != 200)
    throw Error("RuntimeLost", fmt::format("Lambda answers {} to the question for an event", given.status));
  return given;
}

void Runtime::answer(const std::string& id, const Handler& handler, const os::HttpResponse& given) {
  const std::string path = "/invocation/" + id;
  std::string text;
  try {
    const Json event = Json::parse(given.body, nullptr, false);
    if (event.is_discarded()) throw Error("BadEvent", "the event is no JSON");
    text = handler({id, event, deadline_of(given, clock_.now())}).dump();
    if (text.size() > longest_answer)
      throw Error("ResponseTooLarge", fmt::format("the answer has {} bytes", text.size()));
  } catch (const Error& error) {
    return fail(path + "/error", error);
  } catch (const std::exception& error) {  // ours to mend: a bug, or no memory
    return fail(path + "/error", {"Dbrefresh.Internal", base::valid_utf8(error.what())});
  }
  if (!post(path + "/response", text, ""))
    fail(path + "/error",
         {"ResponseTooLarge", fmt::format("Lambda takes no answer of {} bytes", text.size())});
}

void Runtime::serve(const Handler& handler, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const auto given = next(stop);
    answer(std::string(given.header("lambda-runtime-aws-request-id")), handler, given);
  }
}

}  // namespace lambda
