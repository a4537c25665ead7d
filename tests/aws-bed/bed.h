// The test bed for Amazon's services (README.md), as a process of this test's.
#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include "aws/config.h"
#include "base/json.h"
#include "os/http.h"

namespace tests {

/// Starts the bed, and ends it with itself; the bed also ends with this process. `options` are those of
/// tools/aws-bed: "--backends real". Throws where it does not start, with what it said on standard error
/// shown.
class AwsBed {
 public:
  explicit AwsBed(const std::string& options = "");
  AwsBed(const AwsBed&) = delete;
  AwsBed& operator=(const AwsBed&) = delete;
  ~AwsBed();

  /// What it said when it started: endpoint, access_key_id, …
  const base::Json& facts() const { return facts_; }
  /// What aws::Session needs to reach it: AWS_ENDPOINT_URL, keys, a Region; no files of the user's.
  aws::Environment environment(const std::string& region = "eu-central-1") const;

  /// POST and GET /_bed/NAME. Throws base::Error{"BedRefused"} with what the bed said.
  base::Json post(const std::string& name, const base::Json& document = base::Json::object());
  base::Json get(const std::string& name);

 private:
  base::Json ask(const os::HttpRequest& request);

  struct Ended {
    void operator()(std::FILE* file) const { pclose(file); }
  };
  std::unique_ptr<std::FILE, Ended> said_;
  base::Json facts_;
  os::Http http_;
};

}  // namespace tests
