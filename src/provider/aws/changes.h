// What a database is brought to: its name, who is let in, its password, whether it runs.
#pragma once

#include "provider/aws/account.h"

namespace provider::aws {

/// Thread-safe. `account` must outlive it.
class Changes {
 public:
  explicit Changes(Account& account) : account_(account) {}

  /// DatabaseService::make_so(). One thing after the other: tags, power, password, name, who is let in; each
  /// looks first, and is done when it shows.
  Work<Database> make_so(const std::string& id, const Desired& desired, const Budget& budget);

 private:
  std::optional<Pending> next(const Fleet& fleet, const Json& database, const Desired& desired,
                              const Budget& budget);

  Account& account_;
};

/// The parts; each is done when it answers nothing. `database` is settled.
std::optional<Pending> rename(Account& account, const Fleet& fleet, const Json& database,
                              const std::string& name, const Budget& budget);
std::optional<Pending> set_open(Account& account, const Fleet& fleet, const Json& database, bool open,
                                const Budget& budget);
std::optional<Pending> set_running(Account& account, const Fleet& fleet, const Json& database, bool running,
                                   const Budget& budget);
/// And locks every other login, of a database that is closed.
std::optional<Pending> set_password(Account& account, const Fleet& fleet, const Json& database,
                                    const base::Secret& password, const std::string& token,
                                    const Budget& budget);
/// Why RDS does not take it for a master user's password; "" if it does (API reference: ModifyDBInstance,
/// ModifyDBCluster, MasterUserPassword).
std::string objection_to_password(const std::string& password, const std::string& engine);
/// Of engines that we cannot log in to: does RDS say that the last password that was asked for is set? Throws
/// where it says that it could not be.
bool password_is_reset(Account& account, const Json& database, const Budget& budget);

}  // namespace provider::aws
