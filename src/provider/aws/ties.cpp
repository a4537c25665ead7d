#include "provider/aws/ties.h"

#include <fmt/format.h>

#include "base/error.h"
#include "provider/aws/role.h"

namespace provider::aws {
namespace {

/// Those that are disabled and belong to RDS nobody can enable who has the master's password.
constexpr const char* subscriptions = R"(
SELECT s.subname, r.rolname FROM pg_catalog.pg_subscription s
JOIN pg_catalog.pg_database d ON d.oid = s.subdbid JOIN pg_catalog.pg_roles r ON r.oid = s.subowner
WHERE d.datname = current_database() AND (s.subenabled OR NOT r.rolsuper OR r.rolname = session_user))";

constexpr const char* user_mappings = R"(
SELECT m.srvname, r.rolname, CASE WHEN m.umuser = 0 THEN NULL ELSE m.usename END
FROM pg_catalog.pg_user_mappings m JOIN pg_catalog.pg_foreign_server s ON s.oid = m.srvid
JOIN pg_catalog.pg_roles r ON r.oid = s.srvowner)";

constexpr const char* active_jobs = "SELECT count(*) FROM cron.job WHERE active";

[[noreturn]] void remain(const std::string& what, const base::Error& why) {
  throw base::Error("TiesRemain", fmt::format("{} of production is still in the copy: {}", what, why.message),
                    why.hint.empty() ? "let the master user change it, or drop it in production" : why.hint);
}

/// As the owner, where the master user is another.
void as_owner(sql::Connection& session, const std::string& owner, const std::string& what,
              const std::function<void()>& body) {
  try {
    if (session.scalar("SELECT session_user") == owner)
      body();
    else
      as_role(session, owner, body);
  } catch (const base::Error& error) {
    if (error.retryable) throw;
    remain(what, error);
  }
}

/// Without a slot, dropping it asks nothing of the publisher (PostgreSQL's manual, DROP SUBSCRIPTION).
void drop_subscriptions(sql::Connection& session) {
  for (const auto& row : session.query(subscriptions).table) {
    const auto name = session.quote_name(row.at(0).value_or(""));
    as_owner(session, row.at(1).value_or(""), "subscription " + name, [&] {
      session.execute(fmt::format("ALTER SUBSCRIPTION {} DISABLE", name), 0);
      session.execute(fmt::format("ALTER SUBSCRIPTION {} SET (slot_name = NONE)", name), 0);
      session.execute("DROP SUBSCRIPTION " + name, 0);
    });
  }
}

void drop_user_mappings(sql::Connection& session) {
  for (const auto& row : session.query(user_mappings).table) {
    const auto server = session.quote_name(row.at(0).value_or(""));
    const auto user = row.at(2) ? session.quote_name(*row[2]) : "PUBLIC";
    as_owner(session, row.at(1).value_or(""),
             fmt::format("the password of {} for foreign server {}", user, server),
             [&] { session.execute(fmt::format("DROP USER MAPPING FOR {} SERVER {}", user, server), 0); });
  }
}

/// The master user's own, which are all that it sees (policy cron_job_policy). Those of other users end with
/// their logins: pg_cron runs each as its user.
void stop_jobs(sql::Connection& session) {
  if (!session.scalar("SELECT to_regclass('cron.job')")) return;
  try {
    session.execute("SELECT cron.alter_job(jobid, active := false) FROM cron.job WHERE active", 0);
  } catch (const base::Error& error) {
    if (error.retryable) throw;
    remain("a job of pg_cron", error);
  }
  if (const auto left = session.scalar(active_jobs).value_or("0"); left != "0")
    remain(left + " jobs of pg_cron", {"", "they are still active"});
}

}  // namespace

void cut_ties(sql::Connection& session) {
  drop_subscriptions(session);
  drop_user_mappings(session);
  stop_jobs(session);
}

}  // namespace provider::aws
