// What a copy of MySQL 8 is asked by, in MySQL's own words, which MariaDB does not know: no server of ours
// speaks them, so a script of answers stands in for it.
#include <fmt/format.h>

#include "provider/aws/logins.h"
#include "provider/aws/past.h"
#include "provider/aws/sessions.h"
#include "provider/aws/ties.h"
#include "tests/provider/aws_account.h"
#include "tests/sql/with_server.h"

namespace tests {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// Answers a question with the rows of the first part of its text that is known, and writes down the rest.
class Mysql8 : public StandInSession {
 public:
  std::vector<std::pair<std::string, std::vector<sql::Row>>> answers;
  std::vector<std::string> columns;  ///< of all answers
  std::string ends_replication;      ///< the statement after which the first answer is no more
  std::string refused;               ///< a part of statements that fail
  std::vector<std::string> questions, changes;
  std::string version = "8.0.36";

  sql::Result execute(std::string_view statement, std::size_t) override {
    const std::string text(statement);
    if (text == "SELECT VERSION()") return {1, {{version}}, {}};
    const bool asks = text.starts_with("SELECT") || text.starts_with("SHOW");
    (asks ? questions : changes).push_back(text);
    if (!ends_replication.empty() && text.find(ends_replication) != std::string::npos)
      answers.erase(answers.begin());
    if (!refused.empty() && text.find(refused) != std::string::npos && !asks)
      throw base::Error("SqlError", "(ER_SPECIFIC_ACCESS_DENIED_ERROR error 1227)");
    for (const auto& [part, rows] : answers)
      if (text.find(part) != std::string::npos) return {rows.size(), rows, columns};
    return {};
  }
};

/// What tells the questions apart.
constexpr const char* all_accounts = "(account_locked = 'N' OR authentication_string <> '')";
constexpr const char* open_accounts = " AND account_locked = 'N' AND ";
constexpr const char* own_account = "HEX(authentication_string)";
constexpr const char* spare = "additional_password";

std::string refusal_of(const std::function<void()>& verb) {
  try {
    verb();
    return "none";
  } catch (const base::Error& error) {
    return error.code + ": " + error.message;
  }
}

void forget_past(sql::Connection& session) {
  provider::aws::Renewed renewed;
  provider::aws::forget_mysql_past(session, renewed);
}

TEST(AwsMysql8, TakesTheSecondPasswordsOfLoginsToo) {
  Mysql8 session;
  session.answers = {{open_accounts, {}},
                     {all_accounts, {{"app", "%", "1"}, {"iam", "%", "0"}, {"", "%", "1"}}}};
  provider::aws::lock_other_logins(session, "mariadb");
  EXPECT_THAT(session.changes,
              ElementsAre("ALTER USER 'app'@'%' IDENTIFIED WITH caching_sha2_password BY RANDOM PASSWORD "
                          "PASSWORD HISTORY 0 PASSWORD REUSE INTERVAL 0 DAY ACCOUNT LOCK",
                          "ALTER USER 'app'@'%' DISCARD OLD PASSWORD", "ALTER USER 'iam'@'%' ACCOUNT LOCK",
                          "DROP USER ''@'%'"));
}

/// It has neither random passwords nor second ones, and says SLAVE.
TEST(AwsMysql5, IsAskedInItsOwnWords) {
  Mysql8 session;
  session.version = "5.7.44-log";
  session.answers = {{open_accounts, {}}, {all_accounts, {{"app", "%", "1"}, {"iam", "%", "0"}}}};
  provider::aws::cut_replication(session);
  EXPECT_THAT(session.questions, testing::Contains("SHOW SLAVE STATUS"));
  provider::aws::lock_other_logins(session, "mariadb");
  EXPECT_THAT(session.changes,
              ElementsAre(testing::MatchesRegex("ALTER USER 'app'@'%' IDENTIFIED WITH mysql_native_password "
                                                "AS '\\*[0-9A-F]+' ACCOUNT LOCK"),
                          "ALTER USER 'iam'@'%' ACCOUNT LOCK"));
  EXPECT_THAT(session.questions, testing::Each(Not(HasSubstr("password_history"))));
  forget_past(session);
  EXPECT_THAT(session.questions, testing::Each(Not(HasSubstr("COLUMN_STATISTICS")))) << "of histograms";
}

/// RDS sets the master's first password; production's may still be the second one.
TEST(AwsMysql8, LeavesTheMasterNoPasswordButItsOwn) {
  Mysql8 session;
  session.answers = {{own_account, {{"admin", "%", "caching_sha2_password", "2441", "0"}}}};
  provider::aws::lock_other_logins(session, "mariadb");
  EXPECT_THAT(session.changes, ElementsAre("ALTER USER 'admin'@'%' DISCARD OLD PASSWORD"));
  session.changes.clear();
  session.answers = {{own_account, {{"admin", "%", "caching_sha2_password", "2441", "1"}}}};
  provider::aws::lock_other_logins(session, "mariadb");
  EXPECT_THAT(session.changes,
              ElementsAre("ALTER USER 'admin'@'%' DISCARD OLD PASSWORD",
                          "ALTER USER 'admin'@'%' IDENTIFIED WITH 'caching_sha2_password' AS 0x2441 "
                          "PASSWORD HISTORY 0 PASSWORD REUSE INTERVAL 0 DAY"));
}

TEST(AwsMysql8, IsNotUsedWithOldPasswordsInIt) {
  Mysql8 session;
  session.answers = {{spare, {{"app"}, {"batch"}}}};
  EXPECT_THAT(refusal_of([&] { provider::aws::lock_other_logins(session, "mariadb"); }),
              testing::AllOf(HasSubstr("PasswordsRemain: "), HasSubstr("app, batch")));
}

/// MariaDB leaves out those without a pattern where it resolves no names; MySQL does not.
TEST(AwsMysql8, LocksAccountsOfHostsByNameToo) {
  Mysql8 session;
  provider::aws::lock_other_logins(session, "mariadb");
  EXPECT_THAT(session.questions, testing::Each(Not(HasSubstr("skip_name_resolve"))));
}

TEST(AwsMysql8, MariaDbLocksAccountsOfPatternsOfHostsByName) {
  WithServer world("mariadb");
  const auto session = world.session();
  ASSERT_EQ(session->scalar("SELECT @@skip_name_resolve"), "1");
  for (const char* host : {"%.example.com", "web_1", "web.example.com", "10.0.0.1"})
    session->execute(fmt::format("CREATE USER app@'{}' IDENTIFIED BY 'production'", host), 0);
  provider::aws::lock_other_logins(*session, "mariadb");
  EXPECT_EQ(session->scalar("SELECT GROUP_CONCAT(Host) FROM mysql.global_priv WHERE User = 'app' AND "
                            "JSON_VALUE(Priv, '$.authentication_string') = PASSWORD('production')"),
            "web.example.com")
      << "the one that no statement knows";
}

TEST(AwsMysql8, ALockedAccountIsDeniedAccess) {
  WithServer world("mariadb");
  EXPECT_THAT(
      refusal_of([&] { world.session()->execute("SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 3118", 0); }),
      HasSubstr("AccessDenied: "));
}

/// ANALYZE says so in a row.
TEST(AwsMysql8, AHistogramThatStaysFailsTheRun) {
  Mysql8 session;
  session.answers = {{"COLUMN_STATISTICS", {{"shop", "customers", "email"}}},
                     {"ROUTINE_NAME", {{"1"}}},
                     {"DROP HISTOGRAM", {{"shop.customers", "histogram", "status", "Histogram removed."}}}};
  forget_past(session);
  EXPECT_THAT(session.changes,
              ElementsAre("ANALYZE TABLE `shop`.`customers` DROP HISTOGRAM ON `email`",
                          "CALL mysql.rds_rotate_general_log", "CALL mysql.rds_rotate_general_log",
                          "CALL mysql.rds_rotate_slow_log", "CALL mysql.rds_rotate_slow_log"));
  session.answers.back().second = {{"shop.customers", "histogram", "Error", "The server is read-only."}};
  EXPECT_THAT(refusal_of([&] { forget_past(session); }),
              testing::AllOf(HasSubstr("StatisticsRemain: "), HasSubstr("`shop`.`customers`"),
                             HasSubstr("read-only")));
}

TEST(AwsMysql8, StatementsThatNothingTakesAwayFailTheRun) {
  Mysql8 session;
  session.answers = {{"ROUTINE_NAME", {{"0"}}}, {"FROM mysql.slow_log", {{"0"}}}};
  forget_past(session);
  EXPECT_THAT(session.changes, IsEmpty());
  session.answers.back().second = {{"1"}};
  EXPECT_THAT(refusal_of([&] { forget_past(session); }), HasSubstr("StatementsRemain: mysql.slow_log"));
}

/// A copy must not go on reading production's changes, nor know how to.
TEST(AwsMysql8, ForgetsWhomItReplicatedFrom) {
  Mysql8 session;
  session.columns = {"Replica_IO_State", "Source_Host", "Channel_Name"};
  session.answers = {
      {"SHOW REPLICA STATUS",
       {{"", "db.example.com", ""}, {"", "other", "two"}, {"", "<NULL>", "group_replication_applier"}}},
      {"'rds_reset_external_source'", {{"0"}}},
      {"ROUTINE_NAME", {{"1"}}}};
  session.ends_replication = "rds_reset_external_source_for_channel('two')";
  provider::aws::cut_replication(session);
  EXPECT_THAT(session.changes,
              ElementsAre("CALL mysql.rds_stop_replication()", "CALL mysql.rds_reset_external_master()",
                          "CALL mysql.rds_stop_replication_for_channel('two')",
                          "CALL mysql.rds_reset_external_source_for_channel('two')"));
}

TEST(AwsMysql8, ReplicationThatStaysFailsTheRun) {
  Mysql8 session;
  session.columns = {"Source_Host", "Channel_Name"};
  session.answers = {{"SHOW REPLICA STATUS", {{"db.example.com", ""}}}, {"ROUTINE_NAME", {{"0"}}}};
  EXPECT_THAT(refusal_of([&] { provider::aws::cut_replication(session); }),
              testing::AllOf(HasSubstr("TiesRemain: "), HasSubstr("db.example.com")));
  EXPECT_THAT(session.changes, IsEmpty());
}

/// The binary log of a cluster shows whoever has the master's password what the scripts have masked.
TEST(AwsMysql8, ScriptsStayOutOfTheBinaryLog) {
  Mysql8 session;
  session.answers = {{"@@log_bin", {{"0"}}}};
  provider::aws::leave_binary_log(session);
  EXPECT_THAT(session.changes, IsEmpty());
  session.answers = {{"@@log_bin", {{"1"}}}};
  provider::aws::leave_binary_log(session);
  EXPECT_THAT(session.changes, ElementsAre("SET SESSION sql_log_bin = OFF"));
  session.refused = "sql_log_bin";
  EXPECT_THAT(refusal_of([&] { provider::aws::leave_binary_log(session); }), HasSubstr("BinaryLogged: "));
}

}  // namespace
}  // namespace tests
