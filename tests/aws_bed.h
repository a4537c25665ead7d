// The test bed for Amazon's services (tests/aws-bed/README.md), for a test.
#pragma once

#include <cstdio>
#include <memory>
#include <set>

#include "aws/client.h"
#include "base/error.h"
#include "os/files.h"
#include "os/http.h"
#include "provider/aws/databases.h"
#include "tests/temporary.h"

namespace tests {

/// A bed that runs as long as this does.
class AwsBed {
 public:
  explicit AwsBed(const std::string& arguments)
      : process_(popen(("exec '" SOURCE_DIR "/tools/aws-bed' " + arguments + " > '" +
                        (folder_.path() / "facts").string() + "'")
                           .c_str(),
                       "w"),
                 pclose) {
    base::SystemClock clock;
    const auto deadline = clock.now() + std::chrono::minutes(3);
    std::string line;
    while (line.find('\n') == std::string::npos &&
           clock.sleep_until(clock.now() + std::chrono::milliseconds(50), {}))
      if (line = os::fs::exists(folder_.path() / "facts") ? os::read_file(folder_.path() / "facts") : "";
          clock.now() > deadline)
        throw std::runtime_error("the bed did not start");
    facts_ = base::Json::parse(line);
  }

  const base::Json& facts() const { return facts_; }
  base::Json get(const std::string& name) { return send("GET", name, ""); }
  base::Json post(const std::string& name, const base::Json& document = base::Json::object()) {
    return send("POST", name, document.dump());
  }
  aws::Settings settings() const {
    return {.region = "eu-central-1",
            .environment = {{"AWS_ACCESS_KEY_ID", facts_.at("access_key_id")},
                            {"AWS_SECRET_ACCESS_KEY", facts_.at("secret_access_key")},
                            {"AWS_ENDPOINT_URL", facts_.at("endpoint")}}};
  }
  /// Logs in where the name of an endpoint is to be found now: the bed's names
  /// are in a file of its own.
  sql::Connect connect() const {
    return
        [hosts = facts_.at("hosts").get<std::string>()](sql::Endpoint where, std::chrono::seconds timeout) {
          if (os::read_file(hosts).find(" " + where.host + "\n") == std::string::npos) {
            base::Error error("ConnectionFailed", "there is no host " + where.host);
            error.retryable = true;
            throw error;
          }
          where.host = "127.0.0.1";
          where.ca_file.clear();
          return sql::connect(where, timeout);
        };
  }

 private:
  base::Json send(const std::string& method, const std::string& name, const std::string& body) {
    const auto answer = http_.send({.method = method,
                                    .url = facts_.at("endpoint").get<std::string>() + "/_bed/" + name,
                                    .body = body,
                                    .direct = true,
                                    .within = std::chrono::minutes(3)},
                                   {});
    if (answer.status != 200) throw std::runtime_error(answer.body);
    return base::Json::parse(answer.body);
  }

  Temporary folder_;
  std::unique_ptr<FILE, int (*)(FILE*)> process_;
  os::Http http_;
  base::Json facts_;
};

}  // namespace tests
