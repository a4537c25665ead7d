// An account of AWS in the bed, with real servers: an instance `prod` with
// production data and logins.
#pragma once

#include "tests/aws_bed.h"

namespace tests {

/// One bed serves all tests of the program; each gets a world of its own.
class AwsWorld {
 public:
  static constexpr int port = 3306;  ///< that the quarantine group lets us in to

  /// `prod` has the tag refresh=true where `ours`: verbs may change it then.
  explicit AwsWorld(const std::string& engine, bool ours = true) : postgres_(engine == "postgres") {
    bed().post("reset");
    base::Json instance = {
        {"name", "prod"}, {"engine", engine}, {"master_user", "admin"}, {"master_password", "production"},
        {"db_name", "d"}, {"unmasked", true}, {"sql", sql()},           {"security_groups", {"quarantine"}}};
    if (ours) instance["tags"] = {{"refresh", "true"}};
    made_ = bed().post("seed", {{"region", "eu-central-1"},
                                {"security_groups",
                                 {{{"name", "developers"}, {"users", true}},
                                  {{"name", "quarantine"}, {"cidr", "127.0.0.1/32"}, {"ports", {1, 65535}}}}},
                                {"instances", {instance}}});
    settings_.quarantine_group = group("quarantine");
    settings_.addresses = {"127.0.0.1"};
    settings_.account = bed().facts()["account"];
    settings_.held = std::chrono::milliseconds(0);
    databases_.emplace(client_, settings_, clock_, bed().connect());
  }
  AwsWorld(const AwsWorld&) = delete;

  static AwsBed& bed() {
    static AwsBed one("--backends real");
    return one;
  }
  provider::aws::Databases& databases() { return *databases_; }
  base::Clock& clock() { return clock_; }
  std::string group(const std::string& name) const { return made_.at("security_groups").at(name); }
  base::Json call(const char* operation, const base::Json& input) {
    return client_.call({"rds", operation, input, {}},
                        {clock_, clock_.now() + std::chrono::minutes(1), {}, [](const base::Note&) {}});
  }
  void take_snapshot(const std::string& name) {
    call("CreateDBSnapshot", {{"DBInstanceIdentifier", "prod"}, {"DBSnapshotIdentifier", name}});
    const auto status = [&] {
      return call("DescribeDBSnapshots", {{"DBSnapshotIdentifier", name}})["DBSnapshots"][0]["Status"];
    };
    while (status() != "available") clock_.sleep_until(clock_.now() + std::chrono::milliseconds(50), {});
  }
  /// With a writer; its id.
  std::string make_cluster() {
    const base::Json cluster = {{"name", "prodcluster"},
                                {"engine", postgres_ ? "aurora-postgresql" : "aurora-mysql"},
                                {"master_password", "production"},
                                {"security_groups", {group("quarantine")}},
                                {"members", {"prodcluster-1"}}};
    return bed().post("seed", {{"region", "eu-central-1"}, {"clusters", {cluster}}})["ids"]["prodcluster"];
  }

 private:
  std::string sql() const {
    const std::string table = "CREATE TABLE t AS SELECT 1 AS a;\n";
    return table +
           (postgres_
                ? "CREATE ROLE app LOGIN PASSWORD 'app-production';\nGRANT SELECT ON t TO app;\n"
                  "CREATE ROLE retired NOLOGIN PASSWORD 'app-production';\nGRANT SELECT ON t TO retired;"
                : "CREATE USER app IDENTIFIED BY 'app-production';\nGRANT SELECT ON d.* TO app;\n"
                  "CREATE USER retired IDENTIFIED BY 'app-production' ACCOUNT LOCK;\n"
                  "GRANT SELECT ON d.* TO retired;");
  }

  bool postgres_;
  base::Json made_;
  base::SystemClock clock_;
  aws::Session session_{bed().settings()};
  aws::Client client_{session_};
  provider::aws::Settings settings_;
  std::optional<provider::aws::Databases> databases_;
};

}  // namespace tests
