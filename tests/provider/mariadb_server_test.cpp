// One MariaDB server of ours, in what only a server can show.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "provider/local/mariadb_server.h"
#include "sql/script.h"
#include "tests/port.h"
#include "tests/temporary.h"

namespace tests {
namespace {

class MariaDbServer : public testing::Test {
 protected:
  ~MariaDbServer() override { server_.kill(budget()); }
  provider::Budget budget() {
    return {clock_, clock_.now() + std::chrono::minutes(1), {}, [](const base::Note&) {}};
  }
  void make(bool open, const base::Json& settings = base::Json::object()) {
    server_.initialise(base::Json::object(), budget());
    server_.configure(open, {{"server", settings}});
    server_.start_first("", budget());
  }

  Temporary folder_;
  base::SystemClock clock_;
  provider::local::Home home_ = provider::local::open_home(folder_.path());
  int port_ = any_port();
  provider::local::MariaDbServer server_{home_, "db-one", port_};
};

TEST_F(MariaDbServer, ScriptsRunOverTlsWhereTheServerHasIt) {
  const auto key = folder_.path() / "key.pem", certificate = folder_.path() / "certificate.pem";
  os::run_or_throw(
      {.argv = {"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                "/CN=localhost", "-keyout", key.string(), "-out", certificate.string()}},
      clock_, clock_.now() + std::chrono::minutes(1), {});
  for (const auto& each : {key, certificate}) os::fs::permissions(each, os::fs::perms(0644));
  make(true, {{"ssl_key", key.string()}, {"ssl_cert", certificate.string()}});
  const base::Secret password("over TLS");
  const auto admin = server_.administrate();
  admin->execute("CREATE USER scripts@'127.0.0.1' IDENTIFIED BY 'over TLS' REQUIRE SSL", 0);
  admin->execute("CREATE DATABASE d", 0);
  admin->execute("GRANT ALL ON d.* TO scripts@'127.0.0.1'", 0);

  const auto session = sql::connect({.family = "mariadb",
                                     .host = "127.0.0.1",
                                     .port = port_,
                                     .user = "scripts",
                                     .password = password,
                                     .database = "d"},
                                    std::chrono::seconds(10));
  EXPECT_TRUE(session->encrypted());
  int done = 0;
  sql::run_script(*session, "mask.sql",
                  sql::parse_script("CREATE TABLE t (a INT);\nINSERT INTO t VALUES (7);", "mariadb"),
                  budget(), [&](const sql::StatementDone&) { ++done; });
  EXPECT_EQ(done, 2);
  EXPECT_EQ(admin->scalar("SELECT a FROM d.t"), "7");
  EXPECT_FALSE(admin->encrypted()) << "a socket needs none";
}

/// A SIGTERM in the middle of its start makes mariadbd 10.11 wait for ever.
TEST_F(MariaDbServer, StopsWhileItStarts) {
  make(false);
  server_.stop(budget());
  for (int delay_ms = 0; delay_ms < 200; delay_ms += 10) {
    os::start({.argv = {"mariadbd", "--defaults-file=" + (server_.folder() / "server.cnf").string()},
               .user = server_.account(),
               .folder = server_.data(),
               .output = server_.folder() / "server.log"});
    clock_.sleep_until(clock_.now() + std::chrono::milliseconds(delay_ms), {});
    const auto begun = clock_.now();
    server_.stop(budget());
    EXPECT_LT(clock_.now() - begun, std::chrono::seconds(25)) << "after " << delay_ms << " ms";
    EXPECT_FALSE(server_.process());
  }
  server_.start(budget());
  EXPECT_EQ(server_.administrate()->scalar("SELECT 1"), "1");
}

}  // namespace
}  // namespace tests
