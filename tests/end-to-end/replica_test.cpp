// An instance with a read replica that listens on a port of its own, replaced with it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>

#include "tests/end-to-end/program.h"
#include "tests/port.h"

namespace tests {
namespace {

using base::Json;
using testing::HasSubstr;

class Replica : public testing::Test {
 protected:
  /// The example of a replacement, with a replica; `first` while there is nothing to replace.
  std::string file(bool first) {
    Json file = Json::parse(os::read_file(home_.file("test-2b/db-app1-mysqlinstd.json")));
    file["createreplicas"] = Json::parse(
        R"({"dbservice": "rds", "dbinstance": "mysqlinstd", "autominor": "False", "copytagstosnap": "True",
        "multiaz": "False", "iamdbauth": "False", "secgrpids": "sg-0a1b2c3d", "storagetype": "gp2",
        "application": "app1", "environment": "development", "wait_time": 1, "check": {"dbservice": "rds",
        "replicas": "mysqlinstd-r", "checktodo": "checkreplicas", "torun": "true"}, "torun": "true"})");
    file["createreplicas"]["replicas"] = "mysqlinstd-r_db.t3.micro_" + std::to_string(port_);
    file["deletereplicas"] = Json::parse(
        R"({"dbservice": "rds", "dbinstance": "mysqlinstd", "wait_time": 1, "check": {"dbservice": "rds",
        "dbinstance": "mysqlinstd", "checktodo": "checkdeletereplicas", "torun": "true"}, "torun": "true"})");
    for (const char* member : {"stopdb", "delete", "deletereplicas"})
      if (first) file[member]["torun"] = file[member]["check"]["torun"] = "false";
    const auto to = home_.path() / "file.json";
    std::ofstream(to) << file.dump(2);
    return to;
  }
  std::string id_of(const std::string& name) {
    const Json it = home_.named(name);
    return it.is_null() ? "" : it["id"];
  }
  void expect_in_step() {
    home_.sql("mysqlinstd", "INSERT INTO logs (message) VALUES ('replicated');");
    base::SystemClock clock;
    const auto deadline = clock.now() + std::chrono::seconds(30);
    const std::string rows = home_.sql("mysqlinstd", "SELECT COUNT(*) FROM logs;");
    while (home_.sql("mysqlinstd-r", "SELECT COUNT(*) FROM logs;") != rows && clock.now() < deadline)
      clock.sleep_until(clock.now() + std::chrono::milliseconds(50), {});
    EXPECT_EQ(home_.sql("mysqlinstd-r", "SELECT COUNT(*) FROM logs;"), rows);
    EXPECT_EQ(home_.named("mysqlinstd-r")["port"], port_);
    EXPECT_EQ(home_.named("mysqlinstd-r")["status"], "available");
  }

  Home home_;
  int port_ = any_port();
};

TEST_F(Replica, IsReplacedWithItsInstanceAndComesBackWithIt) {
  home_.make_production();
  home_.must({"run", file(true)});
  expect_in_step();
  const auto refused = home_.run({"local", "delete", "mysqlinstd"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.output, HasSubstr("mysqlinstd is replicated by mysqlinstd-r"));
  EXPECT_THAT(home_.must({"plan", file(false)}), HasSubstr("a run can begin"));
  const std::string old = id_of("mysqlinstd-r");

  home_.must({"run", file(false)});
  expect_in_step();
  EXPECT_NE(id_of("mysqlinstd-r"), old);
  EXPECT_EQ(home_.json({"local", "list"}).size(), 3U) << "nothing is left of the old ones";

  // We die once the old ones are set aside, and the run is given up.
  const std::string kept = id_of("mysqlinstd-r");
  base::SystemClock clock;
  const auto run = os::start({.argv = {PROGRAM, "--home", home_.path().string(), "run", file(false)},
                              .output = home_.path() / "run.log"});
  while (os::is_running(run) && id_of("mysqlinstd-r") == kept)
    clock.sleep_until(clock.now() + std::chrono::milliseconds(5), {});
  EXPECT_TRUE(os::send_signal(run, SIGKILL)) << os::read_file(home_.path() / "run.log");
  while (os::is_running(run)) clock.sleep_until(clock.now() + std::chrono::milliseconds(5), {});
  for (const Json& each : home_.json({"local", "list"}))  // and so does the old replica meanwhile
    if (each["id"] == kept) home_.must({"local", "stop", each["name"]});
  home_.run({"cancel", home_.json({"list"}).back()["run"]});
  EXPECT_EQ(id_of("mysqlinstd-r"), kept);
  expect_in_step();
  EXPECT_EQ(home_.json({"local", "list"}).size(), 3U) << "nothing is left of the new ones";
}

TEST_F(Replica, ItsPortIsLookedAtBeforeAnythingIsDone) {
  home_.make_production();
  for (const int port : {home_.named("mysqlinstp")["port"].get<int>(), home_.port()}) {
    port_ = port;
    const auto refused = home_.run({"run", file(true)});
    EXPECT_EQ(refused.exit_code, 2);
    EXPECT_THAT(refused.output, HasSubstr("$.createreplicas.replicas"));
    EXPECT_THAT(refused.output, HasSubstr(port == home_.port() ? "twice" : "taken by instance mysqlinstp"));
  }
  EXPECT_EQ(home_.json({"local", "list"}).size(), 1U);
}

}  // namespace
}  // namespace tests
