#include "aws/protocol.h"
#include "fuzz/target.h"

namespace {

constexpr std::pair<const char*, const char*> calls[] = {
    {"rds", "DescribeDBInstances"}, {"ec2", "DescribeSecurityGroups"},
    {"s3", "ListObjectsV2"},        {"dynamodb", "GetItem"},
    {"sts", "AssumeRole"},          {"sso", "GetRoleCredentials"}};

/// The first line is a header, the rest the body.
os::HttpResponse response_of(std::string_view text) {
  const auto line = std::min(text.find('\n'), text.size());
  const auto colon = std::min(text.substr(0, line).find(':'), line);
  return {.status = 200,
          .headers = {{std::string(text.substr(0, colon)), std::string(text.substr(colon, line - colon))}},
          .body = std::string(text.substr(line))};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const auto& [name, operation] : calls)
    fuzz::run(data, size, [&, service = name, called = operation](std::string_view text) {
      const aws::Service& model = aws::service(service);
      const os::HttpResponse response = response_of(text);
      aws::read_refusal(model, response);
      const base::Json output = aws::read_response(model, model.operation(called), response);
      fuzz::must(output.is_object());
    });
  return 0;
}
