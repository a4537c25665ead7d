// What came of an attempt that failed, and how it is told.
#pragma once

#include <optional>

#include "aws/model.h"
#include "aws/protocol.h"
#include "aws/refusal.h"
#include "base/clock.h"
#include "base/error.h"

namespace aws {

struct Failure {
  base::Error error;
  Class kind = Class::other;
  std::optional<std::chrono::microseconds> retry_after;  ///< what the service asks for
  std::optional<base::Time> server_time;                 ///< what its clock showed
};

/// Of what: for messages.
struct CallName {
  const Service& service;
  const Operation& operation;
  const std::string& region;
};

/// What the service answered, other than 2xx, said in words. `input` is asked for what must not be shown.
Failure refused(const CallName& call, const os::HttpResponse& response, const base::Json& input,
                base::Time now);

/// There was no answer: `error` with the call's name.
Failure unanswered(const CallName& call, base::Error error);

/// Does this operation change something? Judged by its name.
bool changes(const Operation& operation);

}  // namespace aws
