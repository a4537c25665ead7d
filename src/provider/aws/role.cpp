#include "provider/aws/role.h"

#include <fmt/format.h>

#include "base/error.h"

namespace provider::aws {

void as_role(sql::Connection& session, const std::string& role, const std::function<void()>& body) {
  const auto name = session.quote_name(role);
  const bool member =
      session.scalar(fmt::format("SELECT pg_has_role({}, 'MEMBER')", session.quote(role))) == "t";
  try {
    if (!member) session.execute(fmt::format("GRANT {} TO CURRENT_USER", name), 0);
    session.execute("SET ROLE " + name, 0);
  } catch (const base::Error& error) {
    throw base::Error("RoleRefused",
                      fmt::format("the master user cannot become '{}': {}", role, error.message),
                      "grant the role to the master user in production");
  }
  body();
  session.execute("RESET ROLE", 0);
  if (!member) session.execute(fmt::format("REVOKE {} FROM CURRENT_USER", name), 0);
}

}  // namespace provider::aws
