// Where real servers of both families listen, and by what they prove who they are.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "os/addresses.h"
#include "os/process.h"
#include "provider/local/authority.h"
#include "tests/conformance/host.h"

namespace tests {
namespace {

using provider::Database;
using testing::AnyOf;
using testing::HasSubstr;

/// The machine's time, some days ago.
class EarlierClock : public base::SystemClock {
 public:
  base::Time now() override { return base::SystemClock::now() - days; }
  bool sleep_until(base::Time deadline, std::stop_token stop) override {
    return base::SystemClock::sleep_until(deadline + days, stop);
  }
  std::chrono::days days{0};
};

/// One that other hosts reach too; "" where this host has none.
std::string outer_address() {
  for (const auto& each : os::own_addresses())
    if (!os::is_ipv6(each)) return each;
  return "";
}

class ServerListening : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (address_.empty()) GTEST_SKIP() << "this host has no address but loopback";
  }
  Database make(provider::Listening listening, base::Clock* clock = nullptr) {
    auto budget = host_.budget();
    provider::local::Databases earlier(host_.home, host_.secrets, clock == nullptr ? host_.clock : *clock);
    if (listening.address.empty()) listening.address = address_;
    if (clock == nullptr) return host_.databases.create_new(asked(listening), budget);
    return earlier.create_new(
        asked(listening), {*clock, clock->now() + std::chrono::minutes(10), {}, [](const base::Note&) {}});
  }
  provider::local::NewDatabase asked(const provider::Listening& listening) {
    return {.name = fmt::format("server{}", ++made_),
            .engine = GetParam(),
            .listening = listening,
            .master_password = base::Secret("pass word"),
            .db_name = "shop",
            .tags = {{"refresh", "true"}},
            .retention_days = 0};
  }
  /// Over TLS by the authority in `ca`; what went wrong, or "".
  std::string verified(const Database& database, const std::string& ca = {}) {
    try {
      const auto session = sql::connect({.family = GetParam(),
                                         .host = address_,
                                         .port = database.port,
                                         .user = "admin",
                                         .password = base::Secret("pass word"),
                                         .database = "shop",
                                         .ca_file = ca.empty() ? host_.home.authority().string() : ca},
                                        std::chrono::seconds(10));
      return session->encrypted() ? "" : "without TLS";
    } catch (const base::Error& error) {
      return error.message;
    }
  }
  /// What the family's own client says that uses no TLS.
  std::string in_the_open(const Database& database) {
    const auto port = std::to_string(database.port);
    os::Command client =
        GetParam() == "postgres"
            ? os::Command{.argv = {"psql",
                                   "host=" + address_ + " port=" + port +
                                       " user=admin dbname=shop sslmode=disable",
                                   "-Atc", "SELECT 'let in'"},
                          .environment = {"PGPASSWORD=pass word"}}
            : os::Command{.argv = {"mariadb", "--no-defaults", "--skip-ssl", "-NBe", "SELECT 'let in'",
                                   "--host=" + address_, "--port=" + port, "--user=admin", "shop"},
                          .environment = {"MYSQL_PWD=pass word"}};
    return os::run(client, host_.clock, host_.clock.now() + std::chrono::minutes(1), {}).output;
  }
  /// Does anything listen there?
  static bool listens(const std::string& address, int port) { return !os::port_is_free(port, address); }
  void restart(const Database& database) {
    host_.make_so(database.id, {.running = false});
    host_.make_so(database.id, {.running = true});
  }

  Temporary folder_;
  Host host_{folder_.path()};
  std::string address_ = outer_address();
  int made_ = 0;
};

TEST_P(ServerListening, TlsIsDemandedThereAndOnlyThere) {
  const auto made = make({});
  EXPECT_EQ(made.host, address_);
  EXPECT_EQ(made.tls, "require");
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(listens(address_, made.port));
    EXPECT_FALSE(listens("127.0.0.1", made.port));
    EXPECT_EQ(verified(made), "");
    EXPECT_THAT(in_the_open(made),
                testing::AllOf(testing::Not(HasSubstr("let in")),
                               HasSubstr(GetParam() == "postgres" ? "no encryption" : "Access denied")));
    restart(made);
  }
  const auto key = os::fs::status(host_.home.authority_key()).permissions();
  EXPECT_EQ(key & os::fs::perms::all, os::fs::perms::owner_read | os::fs::perms::owner_write);
}

TEST_P(ServerListening, WhatIsOfferedOrOffIsAsItSays) {
  const auto offers = make({.tls = "offer"}), off = make({.tls = "off"});
  EXPECT_EQ(verified(offers), "");
  EXPECT_THAT(in_the_open(offers), HasSubstr("let in"));
  EXPECT_NE(verified(off), "");
  EXPECT_THAT(in_the_open(off), HasSubstr("let in"));
}

/// A copy listens nowhere until it is opened, then as the one that it replaces, or as was said.
TEST_P(ServerListening, ACopyIsReachedOnceItIsOpen) {
  const auto source = make({});
  auto copy = host_.restore({.source = source.id, .name = "copy", .replaces = source.id}).database;
  EXPECT_FALSE(listens(address_, copy.port));
  host_.make_so(copy.id, {.open = true, .master_password = base::Secret("pass word")});
  EXPECT_EQ(verified(copy), "");
  EXPECT_FALSE(listens("127.0.0.1", copy.port));
  host_.make_so(copy.id, {.name = "renamed", .open = false});
  EXPECT_FALSE(listens(address_, copy.port));
  restart(copy);
  EXPECT_FALSE(listens(address_, copy.port));
  host_.make_so(copy.id, {.open = true});
  EXPECT_EQ(verified(copy), "");
  const auto other = host_.restore({.source = source.id, .name = "other"}).database;
  EXPECT_EQ(other.host, "127.0.0.1") << "it replaces nothing, and nothing was said";
  const auto said = host_
                        .restore({.source = source.id,
                                  .name = "said",
                                  .replaces = source.id,
                                  .shape = {.listening = {.address = "127.0.0.1"}}})
                        .database;
  EXPECT_EQ(said.host, "127.0.0.1");
  EXPECT_EQ(said.tls, "off");
}

TEST_P(ServerListening, AReplicaListensLikeItsPrimary) {
  const auto primary = make({});
  const auto replica = host_.create(primary.id, "replica");
  EXPECT_EQ(replica.host, address_);
  const auto deadline = host_.clock.now() + std::chrono::minutes(1);
  while (!host_.databases.replica_in_sync(replica.id) && host_.clock.now() < deadline)
    host_.clock.sleep_until(host_.clock.now() + std::chrono::milliseconds(20), {});
  EXPECT_TRUE(host_.databases.replica_in_sync(replica.id));
  EXPECT_EQ(verified(replica), "");
  EXPECT_FALSE(listens("127.0.0.1", replica.port));
  host_.remove(replica.id);
}

TEST_P(ServerListening, EveryAddressIsServedAndProven) {
  const auto made = make({.address = "0.0.0.0"});
  EXPECT_NE(made.host, "0.0.0.0");
  EXPECT_EQ(verified(made), "");
  const auto here = address_;
  address_ = "127.0.0.1";
  EXPECT_EQ(verified(made), "");
  address_ = here;
}

TEST_P(ServerListening, ACertificateThatExpiredIsRenewed) {
  EarlierClock long_ago;
  long_ago.days = provider::local::Authority::lasts + std::chrono::days(1);
  const auto made = make({}, &long_ago);
  EXPECT_LT(host_.databases.certificate_until(made.id), host_.clock.now());
  EXPECT_THAT(verified(made), AnyOf(HasSubstr("expired"), HasSubstr("certificate verify failed")));
  const provider::Intent intent{
      .restore = {.source = made.id, .name = "temp", .replaces = made.id, .shape = {.port = made.port}}};
  std::string notes;
  for (const auto& each : host_.databases.check(intent))
    if (each.weight == provider::Objection::Weight::note) notes += each.message;
  EXPECT_THAT(notes, HasSubstr("the certificate of 'server1' has expired"));
  const auto before = os::read_file(host_.home.authority());
  host_.databases.renew_certificates(host_.budget(), [](const std::string& name, const base::Error& error) {
    ADD_FAILURE() << name << ": " << error.message;
  });
  EXPECT_EQ(verified(made), "") << "while it runs";
  EXPECT_EQ(os::read_file(host_.home.authority()), before) << "clients keep what they have";
  const auto another = make({}, &long_ago);
  restart(another);
  EXPECT_EQ(verified(another), "") << "when it starts";
}

TEST_P(ServerListening, NetworksAreKeptOutByTheServerThatCan) {
  if (GetParam() == "mariadb") {
    EXPECT_THROW(make({.networks = {"10.0.0.0/8"}}), base::Error);
    return;
  }
  EXPECT_EQ(verified(make({.networks = {"198.51.100.0/24", address_ + "/32"}})), "");
  EXPECT_THAT(verified(make({.networks = {"198.51.100.0/24"}})), HasSubstr("no pg_hba.conf entry"));
}

TEST_P(ServerListening, ACertificateOfOnesOwnIsShown) {
  const auto key = folder_.path() / "own.key", certificate = folder_.path() / "own.pem";
  os::run_or_throw({.argv = {"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                             "-subj", "/CN=own", "-addext", "subjectAltName=IP:" + address_, "-keyout",
                             key.string(), "-out", certificate.string()}},
                   host_.clock, host_.clock.now() + std::chrono::minutes(1), {});
  const provider::Listening own{.certificate = certificate, .key = key};
  os::fs::permissions(key, os::fs::perms(0644));
  EXPECT_THROW(make(own), base::Error) << "others may read the key";
  os::fs::permissions(key, os::fs::perms(0600));
  const auto made = make(own);
  EXPECT_EQ(made.authority, "");
  EXPECT_EQ(verified(made, certificate), "");
  EXPECT_NE(verified(made, host_.home.authority()), "");
  os::fs::remove(certificate);
  restart(made);
  os::write_file_atomic(certificate, os::read_file(host_.home.instance(made.id) / "tls.pem"), 0600);
  EXPECT_EQ(verified(made, certificate), "") << "it is served on where the file is gone";
}

INSTANTIATE_TEST_SUITE_P(Families, ServerListening, testing::Values("mariadb", "postgres"),
                         [](const auto& each) { return each.param; });

/// All that is wrong is said at once, and by the member.
TEST(ListeningFaults, AreFoundInWhatIsSaid) {
  using provider::faults_of;
  EXPECT_TRUE(faults_of({}).empty());
  EXPECT_TRUE(faults_of({.address = "fd00::1", .networks = {"fd00::/8", "10.0.0.0/8"}}).empty());
  for (const char* bad : {"example.org", "10.0.0", "10.0.0.5/8", "::ffff:10.0.0.5", "fe80::1%eth0"})
    EXPECT_EQ(faults_of({.address = bad}).at(0).member, "address") << bad;
  for (const char* bad : {"10.0.0.1/8", "10.0.0.0", "10.0.0.0/33", "fd00::/129", "all", "10.0.0.0/-1"})
    EXPECT_EQ(faults_of({.address = "10.0.0.5", .networks = {bad}}).at(0).member, "networks") << bad;
  EXPECT_EQ(faults_of({.networks = {"10.0.0.0/8"}}).at(0).member, "networks") << "of loopback";
  EXPECT_EQ(faults_of({.certificate = "/a"}).at(0).member, "certificate");
  EXPECT_EQ(faults_of({.certificate = "a", .key = "/b"}).at(0).member, "certificate");
  EXPECT_EQ(faults_of({.tls = "off", .certificate = "/a", .key = "/b"}).at(0).member, "certificate");
  EXPECT_EQ(provider::meant({.address = "10.0.0.5"}).tls, "require");
  EXPECT_EQ(provider::meant({}).tls, "off");
}

}  // namespace
}  // namespace tests
