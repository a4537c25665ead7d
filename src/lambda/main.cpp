// The `bootstrap` of a function of AWS Lambda (provided.al2023).
#include <iostream>
#include <string>

#include "lambda/function.h"
#include "os/process.h"

namespace {

/// What libraries of Debian look for where Debian has it is in the package (tools/lambda-zip).
void use_package(const std::string& root) {
  constexpr int unless_set = 0;
  ::setenv("MARIADB_PLUGIN_DIR", (root + "/plugin").c_str(), unless_set);
  ::setenv("AWS_CA_BUNDLE", (root + "/ca-certificates.crt").c_str(), unless_set);
}

}  // namespace

int main() {
  const auto api = os::environment("AWS_LAMBDA_RUNTIME_API");
  if (api.empty()) {
    std::cerr << "bootstrap: AWS_LAMBDA_RUNTIME_API is not set: this program is started by AWS Lambda\n";
    return 2;
  }
  if (const char* root = std::getenv("LAMBDA_TASK_ROOT")) use_package(root);
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
