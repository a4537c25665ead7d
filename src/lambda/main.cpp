// The `bootstrap` of a function of AWS Lambda (provided.al2023).
#include <iostream>

#include "lambda/function.h"
#include "os/process.h"

int main() {
  const auto api = os::environment("AWS_LAMBDA_RUNTIME_API");
  if (api.empty()) {
    std::cerr << "bootstrap: AWS_LAMBDA_RUNTIME_API is not set: this program is started by AWS Lambda\n";
    return 2;
  }
  base::SystemClock clock;
  lambda::Runtime runtime(api, clock);
  try {
    std::optional<lambda::Function> function;
    try {
      function.emplace(clock);
    } catch (const base::Error& error) {
      runtime.cannot_begin(error);
      throw;
    }
    runtime.serve([&](const lambda::Invocation& invocation) { return function->answer(invocation); }, {});
    return 0;
  } catch (const base::Error& error) {
    std::cerr << "bootstrap: " << to_string(error) << "\n";
    return 1;
  }
}
