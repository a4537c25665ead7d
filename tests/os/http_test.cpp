#include "os/http.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/error.h"
#include "os/process.h"
#include "tests/aws/server.h"
#include "tests/port.h"
#include "tests/temporary.h"

namespace os {
namespace {

using std::chrono::seconds;

std::string code_of(Http& http, const HttpRequest& request) {
  try {
    return std::to_string(http.send(request, {}).status);
  } catch (const base::Error& error) {
    return error.code;
  }
}

/// openssl's server, with a certificate of its own for 127.0.0.1.
class TlsServer {
 public:
  explicit TlsServer(const fs::path& folder) : certificate(folder / "cert.pem"), port_(tests::any_port()) {
    base::SystemClock clock;
    const std::string key = folder / "key.pem";
    run_or_throw({.argv = {"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out",
                           certificate, "-days", "2", "-subj", "/CN=dbrefresh", "-addext",
                           "subjectAltName=IP:127.0.0.1"}},
                 clock, clock.now() + seconds{60}, {});
    process_ = start({.argv = {"openssl", "s_server", "-accept", fmt::format("127.0.0.1:{}", port_), "-cert",
                               certificate, "-key", key, "-www", "-quiet"},
                      .output = folder / "log"});
    for (const auto end = clock.now() + seconds{30}; port_is_free(port_) && clock.now() < end;)
      clock.sleep_until(clock.now() + std::chrono::milliseconds{20}, {});
  }
  ~TlsServer() { send_signal(process_, SIGKILL); }
  std::string url(const char* host = "127.0.0.1") const { return fmt::format("https://{}:{}/", host, port_); }

  std::string certificate;

 private:
  int port_;
  ProcessId process_;
};

TEST(Http, TrustsNoCertificateThatItWasNotTold) {
  const tests::Temporary folder(true);
  const TlsServer server(folder.path());
  Http http;
  EXPECT_EQ(code_of(http, {.url = server.url(), .direct = true}), "CertificateRejected");
  EXPECT_EQ(code_of(http, {.url = server.url(), .direct = true, .certificates = server.certificate}), "200");
  EXPECT_EQ(
      code_of(http, {.url = server.url("localhost"), .direct = true, .certificates = server.certificate}),
      "CertificateRejected")
      << "the name is another one";
}

TEST(Http, KeepsLinkLocalRequestsFromTheProxy) {
  tests::Server server({{.body = "here"}});
  ::setenv("http_proxy", fmt::format("http://127.0.0.1:{}", tests::any_port()).c_str(), 1);
  Http http;
  EXPECT_EQ(code_of(http, {.url = server.url()}), "ConnectionFailed");
  EXPECT_EQ(code_of(http, {.url = server.url(), .direct = true}), "200");
  ::setenv("NO_PROXY", "127.0.0.1", 1);
  EXPECT_EQ(code_of(http, {.url = server.url()}), "200");
  ::unsetenv("http_proxy");
  ::unsetenv("NO_PROXY");
}

TEST(Http, SendsWhatItIsGivenAndFollowsNothing) {
  tests::Server server(
      {{.status = 302, .body = "x", .headers = {{"Location", "http://127.0.0.1:1/"}, {"X-Name", " v "}}}});
  Http http;
  const HttpResponse got = http.send({.method = "PUT",
                                      .url = server.url() + "/a%20b/../c?x=%2F",
                                      .headers = {{"X-Empty", ""}, {"X-One", "1"}},
                                      .body = "body"},
                                     {});
  EXPECT_EQ(got.status, 302);
  EXPECT_EQ(got.body, "x");
  EXPECT_EQ(got.header("x-name"), "v");
  const auto received = server.received().at(0);
  EXPECT_EQ(received.method, "PUT");
  EXPECT_EQ(received.target, "/a%20b/../c?x=%2F");
  EXPECT_EQ(received.body, "body");
  EXPECT_EQ(received.headers.at("x-one"), "1");
  EXPECT_EQ(received.headers.at("x-empty"), "");
  EXPECT_FALSE(received.headers.contains("accept"));
  EXPECT_FALSE(received.headers.contains("expect"));
  EXPECT_FALSE(received.headers.contains("content-type")) << "it would have to be signed";
}

TEST(Http, RefusesWhatIsNoUrl) {
  Http http;
  for (const char* url : {"", "ftp://127.0.0.1/", "file:///etc/passwd", "http://"})
    EXPECT_EQ(code_of(http, {.url = url}), "InvalidUrl") << url;
}

}  // namespace
}  // namespace os
