#include "provider/aws/ties.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "provider/aws/role.h"
#include "provider/aws/sessions.h"

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

struct Channel {
  std::string source, name;
};

/// Of the first column that is there; nothing if none is.
std::optional<std::string> cell(const sql::Result& of, const sql::Row& row,
                                std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (const auto found = std::ranges::find(of.columns, name); found != of.columns.end())
      return row.at(static_cast<std::size_t>(found - of.columns.begin())).value_or("");
  return std::nullopt;
}

/// MariaDB's master may not ask from 10.5 on, and has a procedure for it (Amazon RDS User Guide,
/// "mysql.rds_replica_status").
const char* replication_statement(sql::Connection& session) {
  if (!is_mariadb(session)) return is_mysql5(session) ? "SHOW SLAVE STATUS" : "SHOW REPLICA STATUS";
  return has_procedure(session, "rds_replica_status") ? "CALL mysql.rds_replica_status()"
                                                      : "SHOW SLAVE STATUS";
}

/// Those of group replication have no source.
std::vector<Channel> channels_of(sql::Connection& session, const char* statement) {
  const auto shown = session.query(statement);
  std::vector<Channel> all;
  for (const auto& row : shown.table) {
    const auto source = cell(shown, row, {"Source_Host", "Master_Host"});
    if (!source) throw base::Error("TiesRemain", "the state of replication names no source");
    if (!source->empty() && *source != "<NULL>")
      all.push_back({*source, cell(shown, row, {"Channel_Name"}).value_or("")});
  }
  return all;
}

/// Of RDS's procedures `names` the first that this server has, if any.
void call_first_of(sql::Connection& session, const std::vector<const char*>& names,
                   const std::string& arguments) {
  for (const char* name : names)
    if (has_procedure(session, name))
      return void(session.execute(fmt::format("CALL mysql.{}({})", name, arguments), 0));
}

/// What a procedure says of one that is stopped already is no matter: what is left decides.
void reset(sql::Connection& session, const Channel& channel) {
  const auto name = channel.name.empty() ? "" : session.quote(channel.name);
  using Names = std::vector<const char*>;
  const Names stop = {name.empty() ? "rds_stop_replication" : "rds_stop_replication_for_channel"};
  const Names forget = name.empty() ? Names{"rds_reset_external_source", "rds_reset_external_master"}
                                    : Names{"rds_reset_external_source_for_channel"};
  for (const auto& procedures : {stop, forget}) {
    try {
      call_first_of(session, procedures, name);
    } catch (const base::Error& error) {
      if (error.code != "SqlError") throw;
    }
  }
}

}  // namespace

void cut_replication(sql::Connection& session) {
  const char* statement = replication_statement(session);
  for (const auto& channel : channels_of(session, statement)) reset(session, channel);
  std::vector<std::string> left;
  for (const auto& channel : channels_of(session, statement)) left.push_back(channel.source);
  if (!left.empty())
    remain("replication from " + base::join(left, ", "),
           {"", "it is still configured", "stop it in the source, or restore a moment when there was none"});
}

void cut_ties(sql::Connection& session) {
  drop_subscriptions(session);
  drop_user_mappings(session);
  stop_jobs(session);
}

}  // namespace provider::aws
