// What the functions of AWS Lambda do for a state machine: its tasks, one call each.
#pragma once

#include <memory>

#include "lambda/runtime.h"

namespace runs {
class AmazonAccount;
}

namespace lambda {

/// The account that the function runs in, in its Region. Nothing is remembered from one event to the next but
/// what a look at the account would show again.
class Function {
 public:
  /// Asks who it is: throws what the account answers. `clock` must outlive it.
  explicit Function(base::Clock& clock);
  Function(const Function&) = delete;
  ~Function();

  /// `{"state": …, "run": {…}}`, as the document's tasks give it (refresh/document.h), or the event of
  /// prepare() or tell_overdue(). Answers what becomes `$.results.<step>`, or the run's input, a few seconds
  /// before the deadline at the latest: then that it is to be asked again. Throws base::Error, BadEvent for
  /// anything else.
  base::Json answer(const Invocation& invocation);

 private:
  base::Json prepared(const base::Json& event);

  base::Clock& clock_;
  std::unique_ptr<runs::AmazonAccount> account_;
};

}  // namespace lambda
