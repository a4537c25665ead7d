// The packages for AWS Lambda (tools/lambda-zip), each in a root that has nothing else.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "os/process.h"
#include "tests/lambda/lambda.h"
#include "tests/temporary.h"

namespace tests {
namespace {

using base::Error;
using base::Json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

constexpr const char* unpack = R"(
import os, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as package:
    for each in package.infolist():
        os.chmod(package.extract(each, sys.argv[2]), each.external_attr >> 16)
)";

/// The parameter: which package.
class LambdaPackage : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (!os::fs::exists(zip_))
      GTEST_SKIP() << zip_ << " is not there: make lambda and make lambda-arm64 make them";
    if (!as_root_.empty() && run({"unshare", "-r", "true"}).exit_code != 0)
      GTEST_SKIP() << "an ordinary user may not make a namespace here, and needs one to change the root";
    run_or_throw({"/usr/bin/python3", "-c", unpack, zip_, (root_ / "var/task").string()});
    if (!emulator_.empty()) os::fs::copy_file("/usr/bin" + emulator_, root_.string() + emulator_);
    // As Amazon Linux 2023 has it; what its own libraries stand for must not be loaded.
    write("etc/nsswitch.conf", "hosts: files myhostname resolve [!UNAVAIL=return] dns\n");
    write("lib64/libc.so.6", "one that is older");
  }
  ~LambdaPackage() override {
    for (const auto& each : processes_) os::send_signal(each, SIGKILL);
  }

  void write(const std::string& name, const std::string& text) {
    os::fs::create_directories((root_ / name).parent_path());
    os::write_file_atomic(root_ / name, text, 0644);
  }
  os::Finished run(const std::vector<std::string>& argv, const std::vector<std::string>& environment = {}) {
    return os::run({.argv = argv, .environment = environment}, clock_, clock_.now() + 1min, {});
  }
  void run_or_throw(const std::vector<std::string>& argv) {
    os::run_or_throw({.argv = argv}, clock_, clock_.now() + 1min, {});
  }
  /// A command that runs in the root.
  std::vector<std::string> inside(const std::vector<std::string>& command) const {
    std::vector<std::string> argv = as_root_;
    argv.insert(argv.end(), {"/usr/sbin/chroot", root_.string()});
    if (!emulator_.empty()) argv.push_back(emulator_);
    argv.insert(argv.end(), command.begin(), command.end());
    return argv;
  }
  /// A program that runs as long as the test.
  void start(const std::vector<std::string>& argv, const std::vector<std::string>& environment,
             const char* output) {
    processes_.push_back(
        os::start({.argv = argv, .environment = environment, .output = folder_.path() / output}));
  }
  /// As Lambda does, which names its own folders first.
  void start_function(const LambdaService& service, const std::string& endpoint) {
    start(inside({"/var/task/bootstrap"}),
          {"AWS_LAMBDA_RUNTIME_API=" + service.endpoint(), "LAMBDA_TASK_ROOT=/var/task",
           "LD_LIBRARY_PATH=/lib64:/usr/lib64:/var/task/lib", "LD_BIND_NOW=1", "AWS_REGION=eu-central-1",
           "AWS_ACCESS_KEY_ID=AKIA", "AWS_SECRET_ACCESS_KEY=secret", "AWS_ENDPOINT_URL=" + endpoint},
          "function.log");
  }
  /// STS of a certificate that nobody knows, by a name: where it is.
  std::string start_sts() {
    const auto key = (folder_.path() / "key.pem").string();
    run_or_throw({"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out",
                  certificate_, "-subj", "/CN=sts.test", "-addext", "subjectAltName=DNS:sts.test"});
    start({"/usr/bin/python3", SOURCE_DIR "/tests/lambda/sts.py", certificate_, key}, {}, "sts.json");
    const auto enough = clock_.now() + 30s;
    std::string said;
    while (!said.ends_with('\n') && clock_.now() < enough && clock_.sleep_until(clock_.now() + 20ms, {}))
      said = os::read_file(folder_.path() / "sts.json");
    const Json facts = Json::parse(said.substr(0, said.find('\n')));
    const std::string dns = facts.at("dns");
    write("etc/hosts", dns.empty() ? "127.0.0.1 sts.test\n" : "127.0.0.1 localhost\n");
    write("etc/resolv.conf", "nameserver " + dns + "\n");
    return fmt::format("https://sts.test:{}", facts.at("port").get<int>());
  }

  base::SystemClock clock_;
  Temporary folder_;
  const os::fs::path root_ = folder_.path() / "root";
  const std::string zip_ = fmt::format(LAMBDA_ZIPS "/dbrefresh-{}.zip", GetParam());
  const std::string emulator_ = GetParam() == "arm64" ? "/qemu-aarch64-static" : "";
  const std::string loader_ =
      fmt::format("/var/task/lib/ld-linux-{}", GetParam() == "arm64" ? "aarch64.so.1" : "x86-64.so.2");
  const std::string certificate_ = (folder_.path() / "certificate.pem").string();
  const std::vector<std::string> as_root_ =
      os::current_user().uid == 0 ? std::vector<std::string>() : std::vector<std::string>{"unshare", "-r"};
  std::vector<os::ProcessId> processes_;
};

TEST_P(LambdaPackage, IsSmallAndLacksNothing) {
  EXPECT_LT(os::fs::file_size(zip_), 10U << 20U);
  std::vector<std::string> programs = {"/var/task/bootstrap"};
  for (const auto& each : os::fs::directory_iterator(root_ / "var/task/plugin"))
    programs.push_back("/var/task/plugin/" + each.path().filename().string());
  EXPECT_GT(programs.size(), 4U);
  for (const auto& each : os::fs::directory_iterator(root_ / "var/task/lib"))
    EXPECT_EQ(each.path().string().find("sqlite"), std::string::npos) << each.path();
  // The loader resolves every symbol of what it would load, in the versions that are asked for.
  for (const auto& each : programs) {
    const auto list = run(inside({loader_, "--library-path", "/var/task/lib", "--list", each}),
                          {"LD_WARN=yes", "LD_BIND_NOW=yes"});
    EXPECT_EQ(list.exit_code, 0) << each;
    EXPECT_THAT(list.output, AllOf(HasSubstr("/var/task/lib/libc.so.6"), Not(HasSubstr("not found")),
                                   Not(HasSubstr("undefined symbol"))))
        << each;
  }
}

TEST_P(LambdaPackage, AsksAwsByNameAndTrustsTheAuthoritiesThatItBrings) {
  const std::string sts = start_sts();
  LambdaService distrusting;
  start_function(distrusting, sts);
  EXPECT_EQ(distrusting.awaits_failure().at("errorType"), "CertificateRejected")
      << os::read_file(folder_.path() / "function.log");
  const std::string authorities = os::read_file(root_ / "var/task/ca-certificates.crt");
  write("var/task/ca-certificates.crt", authorities + os::read_file(certificate_));
  LambdaService trusting;
  start_function(trusting, sts);
  try {
    trusting.invoke(R"({"state": "no-such-state", "run": {"run": "r", "members": {}}})");
    ADD_FAILURE() << "there is no such state";
  } catch (const Error& error) {
    EXPECT_EQ(error.code, "UnknownState") << error.message;
  }
}

INSTANTIATE_TEST_SUITE_P(Of, LambdaPackage, testing::Values("x86_64", "arm64"),
                         [](const auto& each) { return each.param; });

}  // namespace
}  // namespace tests
