#include "provider/aws/spare_passwords.h"

#include <fmt/format.h>

namespace provider::aws {
namespace {

constexpr const char* own_account =
    "SELECT User, Host, plugin, HEX(authentication_string), EXISTS (SELECT 1 FROM mysql.password_history h "
    "WHERE h.User = u.User AND h.Host = u.Host) FROM mysql.user u "
    "WHERE CONCAT(User, '@', Host) = CURRENT_USER()";

}  // namespace

void forget_second_password(sql::Connection& session, const std::string& account) {
  session.execute(fmt::format("ALTER USER {} DISCARD OLD PASSWORD", account), 0);
}

void forget_own_spare_passwords(sql::Connection& session) {
  for (const auto& row : session.query(own_account).table) {
    const auto account = session.quote(row.at(0).value_or("")) + "@" + session.quote(row.at(1).value_or(""));
    forget_second_password(session, account);
    if (row.at(4) != "1") continue;
    session.execute(
        fmt::format("ALTER USER {} IDENTIFIED WITH {} AS 0x{} {}", account,
                    session.quote(row.at(2).value_or("")), row.at(3).value_or(""), without_history),
        0);
  }
}

std::vector<std::string> with_spare_passwords(sql::Connection& session, const std::string& others) {
  std::vector<std::string> out;
  for (const auto& row :
       session
           .query(fmt::format("SELECT User FROM mysql.password_history WHERE User NOT IN {0} UNION "
                              "SELECT User FROM mysql.user WHERE User NOT IN {0} AND JSON_CONTAINS_PATH("
                              "User_attributes, 'one', '$.additional_password')",
                              others))
           .table)
    out.push_back(row.at(0).value_or(""));
  return out;
}

}  // namespace provider::aws
