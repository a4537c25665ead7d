// What MySQL keeps of passwords besides the one that each account has.
#pragma once

#include <string>
#include <vector>

#include "sql/connection.h"

namespace provider::aws {

/// MySQL keeps passwords of before, to compare new ones with (mysql.password_history). Said with a change of
/// the password, be it to the same one, this takes them away (sql/auth/sql_user.cc,
/// auth_verify_password_history()).
inline constexpr const char* without_history = "PASSWORD HISTORY 0 PASSWORD REUSE INTERVAL 0 DAY";

/// Of a quoted account. A second password stays in force when the first one is changed (MySQL's manual,
/// 8.2.15, "Dual Password Support").
void forget_second_password(sql::Connection& session, const std::string& account);

/// Of the session's user: the second password, and those of before. The one in force stays as it is.
void forget_own_spare_passwords(sql::Connection& session);

/// Users that have a second password or one of before, but for `others`, a list in parentheses.
std::vector<std::string> with_spare_passwords(sql::Connection& session, const std::string& others);

}  // namespace provider::aws
