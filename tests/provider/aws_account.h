// An account of AWS for tests: a world that the test sets up, and a list of the calls that changed anything.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "provider/aws/databases.h"
#include "tests/stand_in_session.h"

namespace tests {

using base::Json;

/// Shows what it is told to show. A call that would change something is written down, as its name and input,
/// and changes nothing: the test says what the world looks like then.
struct AwsAccount : aws::Api {
  Json instances = Json::array(), clusters = Json::array(), snapshots = Json::array(), events = Json::array();
  Json group = {{"GroupId", "sg-quarantine"},
                {"VpcId", "vpc-1"},
                {"IpPermissions",
                 {{{"IpProtocol", "tcp"},
                   {"FromPort", 1},
                   {"ToPort", 65535},
                   {"IpRanges", {{{"CidrIp", "10.0.0.7/32"}}}}}}},
                {"IpPermissionsEgress", Json::array()}};
  Json key;                          ///< what DescribeKey answers
  std::set<std::string> far_groups;  ///< security groups of another VPC
  std::set<std::string> no_groups;   ///< those that are not there
  std::vector<Json> interfaces;
  Json connections = Json::array();  ///< what CloudWatch has counted of every instance
  std::map<std::string, Json> offers = {
      ///< answers, by operation
      {"DescribeDBParameterGroups", {{"DBParameterGroups", {{{"DBParameterGroupFamily", "mariadb10.11"}}}}}},
      {"DescribeDBClusterParameterGroups",
       {{"DBClusterParameterGroups", {{{"DBParameterGroupFamily", "aurora-postgresql16"}}}}}},
      {"DescribeOrderableDBInstanceOptions", {{"OrderableDBInstanceOptions", {{{"StorageType", "gp3"}}}}}},
      {"DescribeAccountAttributes",
       {{"AccountQuotas", {{{"AccountQuotaName", "DBInstances"}, {"Used", 1}, {"Max", 40}}}}}}};
  std::vector<std::string> changes;            ///< since it was last looked at: "DeleteDBInstance {…}"
  std::map<std::string, base::Error> refused;  ///< by operation
  bool forgets_tags = false;                   ///< they are written over at once
  std::size_t page_size = 2;
  int calls = 0;  ///< of all operations
  int looks = 0;  ///< calls of DescribeDBInstances

  Json call(const aws::Call& call, const base::Budget&) override {
    ++calls;
    if (call.operation.starts_with("Describe")) return describe(call);
    if (call.operation == "GetMetricStatistics" && refused.contains(call.operation))
      throw refused.at(call.operation);
    if (call.operation == "GetMetricStatistics") return {{"Datapoints", connections}};
    changes.push_back(call.operation + " " + call.input.dump());
    if (const auto found = refused.find(call.operation); found != refused.end()) throw found->second;
    if (call.operation == "AddTagsToResource" && !forgets_tags) tag(call.input);
    return Json::object();
  }
  std::vector<std::string> taken() { return std::exchange(changes, {}); }

  Json& instance(const std::string& name) {
    for (Json& each : instances)
      if (each["DBInstanceIdentifier"] == name) return each;
    throw std::out_of_range(name);
  }
  Json& add_instance(const std::string& name, const Json& more = Json::object()) {
    instances.push_back(
        {{"DBInstanceIdentifier", name},
         {"DbiResourceId", "db-" + name},
         {"DBInstanceArn", "arn:aws:rds:eu-west-1:1:db:" + name},
         {"DBInstanceStatus", "available"},
         {"Engine", "mariadb"},
         {"EngineVersion", "10.11.6"},
         {"DBInstanceClass", "db.t3.small"},
         {"MasterUsername", "admin"},
         {"Endpoint", {{"Address", name + ".c1.eu-west-1.rds.amazonaws.com"}, {"Port", 3306}}},
         {"DBSubnetGroup", {{"DBSubnetGroupName", "private"}, {"VpcId", "vpc-1"}}},
         {"VpcSecurityGroups", groups({"sg-dev"})},
         {"LatestRestorableTime", "2026-01-31T11:55:00Z"},
         {"BackupRetentionPeriod", 7},
         {"TagList", Json::array()}});
    instances.back().update(more);
    return instances.back();
  }
  static Json groups(const std::vector<std::string>& ids) {
    Json out = Json::array();
    for (const auto& id : ids) out.push_back({{"VpcSecurityGroupId", id}, {"Status", "active"}});
    return out;
  }
  static Json tags(const std::map<std::string, std::string>& of) {
    Json out = Json::array();
    for (const auto& [key, value] : of) out.push_back({{"Key", key}, {"Value", value}});
    return out;
  }

 private:
  Json describe(const aws::Call& call) {
    if (call.operation == "DescribeDBInstances") {
      ++looks;
      return page(instances, "DBInstances", call.input);
    }
    if (call.operation == "DescribeDBClusters") return {{"DBClusters", clusters}};
    if (call.operation == "DescribeDBSnapshots") return {{"DBSnapshots", named_snapshots(call.input)}};
    if (call.operation == "DescribeKey") return key;
    if (call.operation == "DescribeDBClusterSnapshots") return {{"DBClusterSnapshots", snapshots}};
    if (call.operation == "DescribeEvents") return {{"Events", events}};
    if (call.operation == "DescribeSecurityGroups") return {{"SecurityGroups", security_groups(call.input)}};
    if (call.operation == "DescribeNetworkInterfaces") return {{"NetworkInterfaces", interfaces}};
    if (call.operation == "DescribeDBSubnetGroups") {
      if (call.input["DBSubnetGroupName"] != "private")
        throw base::Error("DBSubnetGroupNotFoundFault", "there is no such subnet group");
      return {{"DBSubnetGroups", {{{"DBSubnetGroupName", "private"}, {"VpcId", "vpc-1"}}}}};
    }
    if (const auto found = offers.find(call.operation); found != offers.end()) return found->second;
    throw base::Error("InvalidAction", call.operation);
  }
  /// The quarantine group, or those that are asked for by their ids alone.
  Json security_groups(const Json& input) const {
    const Json& filters = input["Filters"];
    if (filters.size() > 1) return {group};
    Json out = Json::array();
    for (const Json& id : filters[0]["Values"]) {
      const auto name = id.get<std::string>();
      if (!no_groups.contains(name))
        out.push_back({{"GroupId", name}, {"VpcId", far_groups.contains(name) ? "vpc-2" : "vpc-1"}});
    }
    return out;
  }
  Json named_snapshots(const Json& input) const {
    Json out = Json::array();
    for (const Json& each : snapshots)
      if (each["DBSnapshotIdentifier"] == input["DBSnapshotIdentifier"]) out.push_back(each);
    return out;
  }
  Json page(const Json& all, const char* list, const Json& input) const {
    const auto from = input.contains("Marker") ? std::stoul(input["Marker"].get<std::string>()) : 0UL;
    const auto to = from + page_size;
    Json out = {{list, Json::array()}};
    for (auto at = from; at < std::min<std::size_t>(all.size(), to); ++at) out[list].push_back(all[at]);
    if (to < all.size()) out["Marker"] = std::to_string(to);
    return out;
  }
  void tag(const Json& input) {
    for (Json* list : {&instances, &clusters})
      for (Json& each : *list) {
        if (each.value("DBInstanceArn", each.value("DBClusterArn", "")) != input["ResourceName"]) continue;
        for (const Json& added : input["Tags"]) {
          Json kept = Json::array({added});
          for (const Json& tag : each["TagList"])
            if (tag["Key"] != added["Key"]) kept.push_back(tag);
          each["TagList"] = kept;
        }
      }
  }
};

/// A server behind every endpoint: knows one password, and keeps the statements that it was given.
class Logins {
 public:
  std::string password = "production";
  bool reachable = true;
  std::vector<std::string> open = {"app", "report"};  ///< logins besides the master's
  std::vector<std::string> events;                    ///< that are enabled, of the schema `shop`
  std::vector<std::string> statements;

  sql::Connect connect() {
    return [this](const sql::Endpoint& where, std::chrono::seconds) -> std::unique_ptr<sql::Connection> {
      endpoint = where;
      if (!reachable) {
        base::Error error("ConnectionFailed", "no route to it");
        error.retryable = true;
        throw error;
      }
      if (where.password.reveal() != password) throw base::Error("AccessDenied", "wrong password");
      return std::make_unique<Session>(*this);
    };
  }
  sql::Endpoint endpoint;  ///< of the last login

 private:
  class Session : public StandInSession {
   public:
    explicit Session(Logins& of) : of_(of) {}
    sql::Result execute(std::string_view statement, std::size_t) override {
      const std::string text(statement);
      if (text == "SELECT VERSION()") return {1, {{"10.11.6-MariaDB"}}, {"VERSION()"}};
      if (text.starts_with("SELECT User, Host")) {
        sql::Result result;
        for (const auto& each : of_.open) result.table.push_back({each, "%"});
        return result;
      }
      if (text.starts_with("SELECT EVENT_SCHEMA")) {
        sql::Result result;
        for (const auto& each : of_.events) result.table.push_back({"shop", each});
        return result;
      }
      if (text.find("information_schema.ROUTINES") != std::string::npos) return {1, {{"0"}}, {"COUNT(*)"}};
      if (text.starts_with("SHOW SLAVE")) return {};
      of_.statements.push_back(text);
      std::erase_if(of_.events, [&](const auto& each) {
        return text.find("`" + each + "` DISABLE") != std::string::npos;
      });
      std::erase_if(of_.open,
                    [&](const auto& each) { return text.find("'" + each + "'") != std::string::npos; });
      return {};
    }

   private:
    Logins& of_;
  };
};

/// The provider on such an account, on the 31st of January 2026 at noon, and a source `prod`.
class WithAws : public testing::Test {
 protected:
  WithAws() { account_.add_instance("prod"); }

  base::Budget budget() {
    return {clock_, clock_.now() + std::chrono::seconds(2), {}, [](const base::Note&) {}};
  }
  /// Some time later: what was read before is read anew.
  void later() { clock_.sleep_until(clock_.now() + std::chrono::seconds(30), {}); }
  template <class Work>
  static std::string waits_for(const Work& work) {
    const auto* pending = std::get_if<provider::Pending>(&work);
    return pending == nullptr ? "nothing" : pending->note.what;
  }
  static std::string code_of(const std::function<void()>& verb) {
    try {
      verb();
      return "none";
    } catch (const base::Error& error) {
      return error.code;
    }
  }

  base::VirtualClock clock_{*base::parse_ledger_utc("2026-01-31 12:00:00")};
  AwsAccount account_;
  Logins logins_;
  provider::aws::Databases databases_{
      account_,
      {.addresses = {"10.0.0.7"}, .account = "1", .ca_file = SOURCE_DIR "/packaging/rds-ca.pem"},
      clock_,
      logins_.connect()};
};

}  // namespace tests
