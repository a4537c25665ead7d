// Doing something as another role of PostgreSQL.
#pragma once

#include <functional>
#include <string>

#include "sql/connection.h"

namespace provider::aws {

/// Runs `body` as `role`, which the master user, whose session it is, may become: it may be a member of the
/// roles that it can change, not always at once (PostgreSQL's manual, 22.3). Throws RoleRefused where it may
/// not; what `body` throws leaves the session unusable.
void as_role(sql::Connection& session, const std::string& role, const std::function<void()>& body);

}  // namespace provider::aws
