#include "tests/aws-bed/bed.h"

#include <csignal>

#include "base/error.h"

namespace tests {

AwsBed::AwsBed(const std::string& options)
    : said_(popen(("exec " SOURCE_DIR "/tools/aws-bed " + options + " </dev/null").c_str(), "r")) {
  std::string line;
  for (int c = 0; said_ && (c = std::fgetc(said_.get())) != EOF && c != '\n';) line += static_cast<char>(c);
  if (line.empty()) throw base::Error{"BedFailed", "tools/aws-bed " + options + " did not start"};
  facts_ = base::Json::parse(line);
}

AwsBed::~AwsBed() {
  ::kill(facts_.at("pid").get<int>(), SIGTERM);
}

aws::Environment AwsBed::environment(const std::string& region) const {
  return {{"AWS_ENDPOINT_URL", facts_.at("endpoint").get<std::string>()},
          {"AWS_ACCESS_KEY_ID", facts_.at("access_key_id").get<std::string>()},
          {"AWS_SECRET_ACCESS_KEY", facts_.at("secret_access_key").get<std::string>()},
          {"AWS_REGION", region},
          {"AWS_CONFIG_FILE", "/dev/null"},
          {"AWS_SHARED_CREDENTIALS_FILE", "/dev/null"}};
}

base::Json AwsBed::post(const std::string& name, const base::Json& document) {
  return ask({.method = "POST", .url = name, .body = document.dump()});
}

base::Json AwsBed::get(const std::string& name) {
  return ask({.method = "GET", .url = name});
}

base::Json AwsBed::ask(const os::HttpRequest& request) {
  os::HttpRequest sent = request;
  sent.url = facts_.at("endpoint").get<std::string>() + "/_bed/" + request.url;
  sent.direct = true;
  sent.within = std::chrono::minutes{5};
  const os::HttpResponse answer = http_.send(sent, {});
  if (answer.status != 200) throw base::Error{"BedRefused", request.url + ": " + answer.body};
  return base::Json::parse(answer.body);
}

}  // namespace tests
