// The Api for a rehearsal: what a refresh would ask of an account, without anything being asked.
#pragma once

#include <map>
#include <mutex>

#include "aws/api.h"
#include "provider/aws/rehearsed_secrets.h"
#include "sql/connection.h"

namespace provider::aws {

/// Looks at the real account, and takes note of every call that would change it. What was noted shows at once
/// in what it describes, as if it had been done without a fault: so a refresh goes on to its end.
/// Thread-safe.
class Rehearsal : public ::aws::Api {
 public:
  /// `account` and `clock` must outlive it. The account is asked by `clock`, whatever clock the budgets of
  /// the calls have: AWS takes no request of another time than its own. `arns` is what ARNs of the account
  /// begin with, "arn:aws:rds:eu-central-1:123456789012".
  Rehearsal(::aws::Api& account, base::Clock& clock, std::string arns)
      : account_(account), clock_(clock), arns_(std::move(arns)) {}

  base::Json call(const ::aws::Call& call, const base::Budget& budget) override;
  /// Logins for the same rehearsal: the last password that was noted opens a database, and statements do
  /// nothing. It must not outlive this.
  sql::Connect connect();
  /// What was noted, in its order; passwords are left out, and tokens that are made up for every call.
  std::vector<::aws::Call> noted();

 private:
  base::Json look_at(const ::aws::Call& call, const base::Budget& budget);
  void must_open(const sql::Endpoint& where);
  void look(const base::Budget& budget);
  base::Json described(const ::aws::Call& call) const;
  void perform(const std::string& operation, const base::Json& input);
  void make(const std::string& operation, const base::Json& input);
  void modify(base::Json& database, const base::Json& input);
  void follow(bool cluster, const std::string& before, const std::string& name);
  base::Json* named(const base::Json& input);

  ::aws::Api& account_;
  base::Clock& clock_;
  std::string arns_;
  std::mutex mutex_;
  bool looked_ = false;
  base::Json instances_ = base::Json::array(), clusters_ = base::Json::array(),
             snapshots_ = base::Json::array();
  std::map<std::string, base::Secret> passwords_;  ///< by resource id
  RehearsedSecrets secrets_;
  std::vector<::aws::Call> noted_;
};

}  // namespace provider::aws
