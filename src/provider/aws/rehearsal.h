// The Api for a rehearsal: what a refresh would ask of RDS, without anything being asked.
#pragma once

#include <map>
#include <mutex>

#include "aws/api.h"
#include "sql/connection.h"

namespace provider::aws {

/// Looks at the real account, and takes note of every call that would change it. What was noted shows at once
/// in what it describes, as if it had been done without a fault: so a refresh goes on to its end.
/// Thread-safe.
class Rehearsal : public ::aws::Api {
 public:
  /// `account` must outlive it.
  explicit Rehearsal(::aws::Api& account) : account_(account) {}

  base::Json call(const ::aws::Call& call, const base::Budget& budget) override;
  /// Logins for the same rehearsal: the last password that was noted opens a database, and statements do
  /// nothing. It must not outlive this.
  sql::Connect connect();
  /// What was noted, in its order; passwords are left out.
  std::vector<::aws::Call> noted();

 private:
  void must_open(const sql::Endpoint& where);
  void look(const base::Budget& budget);
  base::Json described(const ::aws::Call& call) const;
  void perform(const std::string& operation, const base::Json& input);
  void make(const std::string& operation, const base::Json& input);
  base::Json* named(const base::Json& input);

  ::aws::Api& account_;
  std::mutex mutex_;
  bool looked_ = false;
  base::Json instances_ = base::Json::array(), clusters_ = base::Json::array(),
             snapshots_ = base::Json::array();
  std::map<std::string, base::Secret> passwords_;  ///< by resource id
  std::vector<::aws::Call> noted_;
};

}  // namespace provider::aws
