// The runtime of a function of AWS Lambda: asks for events, one after the other, and answers them (AWS Lambda
// Developer Guide, "Using the Lambda runtime API for custom runtimes").
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "os/http.h"

namespace lambda {

struct Invocation {
  std::string id;
  base::Json event;
  base::Time deadline{};  ///< when Lambda ends this process, whatever it does
};

/// Answers an event. What it throws becomes the error of the invocation, by failure_of(); the process goes
/// on.
using Handler = std::function<base::Json(const Invocation&)>;

/// Not thread-safe: Lambda gives a process one event at a time.
class Runtime {
 public:
  /// `endpoint` is host and port, as AWS_LAMBDA_RUNTIME_API says them. `clock` must outlive it.
  Runtime(const std::string& endpoint, base::Clock& clock)
      : api_("http://" + endpoint + "/2018-06-01/runtime"), clock_(clock) {}

  /// Tells that the function cannot begin: instead of serve().
  void cannot_begin(const base::Error& error);
  /// Serves until `stop` is asked for. An event that is no JSON is answered with the error BadEvent, an
  /// answer that is longer than Lambda takes with ResponseTooLarge. Throws RuntimeLost where Lambda takes or
  /// gives nothing any more: the process is to end then.
  void serve(const Handler& handler, const std::stop_token& stop);

 private:
  os::HttpResponse next(const std::stop_token& stop);
  void answer(const std::string& id, const Handler& handler, const os::HttpResponse& given);
  /// False if Lambda does not take a text of this length.
  bool post(const std::string& path, const std::string& body, const std::string& error_type);
  void fail(const std::string& path, const base::Error& error);

  std::string api_;
  base::Clock& clock_;
  os::Http http_;
};

}  // namespace lambda
