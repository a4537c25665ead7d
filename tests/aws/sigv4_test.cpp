#include "aws/sigv4.h"

#include <gtest/gtest.h>

#include "aws/timestamp.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/text.h"
#include "os/files.h"

namespace aws {
namespace {

using os::fs::path;

const Credentials example{.access_key_id = "AKIDEXAMPLE",
                          .secret_key = base::Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")};

/// The suite gives some paths as they are before they are encoded, others as they are on the wire.
std::string wire_path(const std::string& given) {
  return base::percent_encode(given, "/%@");
}

std::string decoded(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

void add_query(const std::string& text, Pairs& query) {
  for (const auto& part : base::split_list(text, '&')) {
    const auto equals = std::min(part.find('='), part.size());
    query.emplace_back(decoded(part.substr(0, equals)),
                       equals < part.size() ? decoded(part.substr(equals + 1)) : "");
  }
}

/// A line that begins with a space goes on with the header before it.
void add_header(const std::string& line, Pairs& headers) {
  if (line.starts_with(' ') && !headers.empty()) {
    headers.back().second += line;
    return;
  }
  const auto colon = line.find(':');
  if (base::lower(line.substr(0, colon)) != "x-amz-date")  // the signer adds it
    headers.emplace_back(line.substr(0, colon), line.substr(colon + 1));
}

Request parse(const std::string& text) {
  Request out;
  const auto blank = std::min(text.find("\n\n"), text.size());
  if (blank < text.size()) out.body = text.substr(blank + 2);
  std::istringstream lines(text.substr(0, blank));
  std::string first;
  std::getline(lines, first);
  const auto space = first.find(' '), version = first.rfind(" HTTP/");
  const std::string target = first.substr(space + 1, version - space - 1);
  const auto mark = std::min(target.find('?'), target.size());
  out.method = first.substr(0, space);
  out.path = wire_path(target.substr(0, mark));
  if (mark < target.size()) add_query(target.substr(mark + 1), out.query);
  for (std::string line; std::getline(lines, line);) add_header(line, out.headers);
  return out;
}

std::string header(const Request& request, std::string_view name) {
  for (const auto& [each, value] : request.headers)
    if (each == name) return value;
  return "";
}

class Vectors : public testing::TestWithParam<path> {
 protected:
  std::string file(const char* name) const {
    return std::string(base::trim(os::read_file(GetParam() / name)));
  }
  bool is_double() const { return GetParam().filename().string().starts_with("double-"); }
  base::Json context() const {
    return is_double() ? base::Json{{"timestamp", "2021-05-11T15:40:45Z"}}
                       : base::parse_json(file("context.json"));
  }
};

TEST_P(Vectors, AreSignedAsAwsSignsThem) {
  const base::Json context = this->context();
  const Scope scope{"us-east-1", "service"};
  const base::Time now = *parse_time(context["timestamp"].get<std::string>());
  Credentials who = example;
  who.session_token = base::Secret(context.value(base::Json::json_pointer("/credentials/token"), ""));
  Signing how{.normalize_path = context.value("normalize", true),
              .encode_again = is_double(),
              .content_hash = context.value("sign_body", false),
              .sign_token = !context.value("omit_session_token", false)};
  const Request plain = parse(os::read_file(GetParam() / "request.txt"));

  Request signed_request = plain;
  sign(signed_request, who, scope, now, how);
  Request before = signed_request;  // as it was signed: without what signing puts on it last
  std::erase_if(before.headers, [&](const auto& each) {
    return each.first == "Authorization" || (each.first == "X-Amz-Security-Token" && !how.sign_token);
  });
  const std::string hash = base::hex(base::sha256(plain.body));
  const std::string canonical = canonical_request(before, hash, how);
  EXPECT_EQ(canonical, file("header-canonical-request.txt"));
  if (is_double()) return;  // these two have another scope, of which nothing more is said
  EXPECT_EQ(string_to_sign(canonical, scope, now), file("header-string-to-sign.txt"));
  EXPECT_TRUE(header(signed_request, "Authorization").ends_with("Signature=" + file("header-signature.txt")))
      << header(signed_request, "Authorization");
  EXPECT_NE(file("header-signed-request.txt").find(header(signed_request, "Authorization")),
            std::string::npos)
      << header(signed_request, "Authorization");

  Request url = plain;
  how.content_hash = false;
  presign(url, who, scope, now, context["expiration_in_seconds"], how);
  EXPECT_EQ(url.query.back().first, "X-Amz-Signature");
  EXPECT_EQ(url.query.back().second, file("query-signature.txt"));
}

std::vector<path> all() {
  std::vector<path> out;
  for (const auto& entry : os::fs::directory_iterator(SOURCE_DIR "/tests/aws/vectors"))
    if (entry.is_directory()) out.push_back(entry.path());
  std::ranges::sort(out);
  return out;
}

INSTANTIATE_TEST_SUITE_P(SigV4, Vectors, testing::ValuesIn(all()), [](const auto& vector) {
  std::string name = vector.param.filename().string();
  std::ranges::replace(name, '-', '_');
  return name;
});

TEST(SigV4, HasTheWholeSuite) {
  EXPECT_EQ(all().size(), 40U);
}

}  // namespace
}  // namespace aws
