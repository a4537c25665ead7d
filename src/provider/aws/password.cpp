// The master's password, which is proven by a login.
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "provider/aws/changes.h"
#include "provider/aws/logins.h"
#include "provider/aws/model.h"
#include "provider/aws/schedule.h"
#include "provider/aws/sessions.h"
#include "provider/aws/ties.h"

namespace provider::aws {
namespace {

using base::Error;

std::size_t longest_password(const std::string& engine) {
  if (engine.starts_with("aurora")) return 41;
  const auto family = family_of(engine);
  return family == "mariadb" ? 41 : family == "oracle" ? 30 : 128;
}

/// RDS takes a password and sets it later; whoever asks again meanwhile may send it once more, which does no
/// harm. A secret that RDS manages is given up with the same call.
Pending send(Account& account, const Json& database, const base::Secret& password, const Budget& budget) {
  Json input = {{"MasterUserPassword", password.reveal()}, {"ApplyImmediately", true}};
  if (!part(database, "MasterUserSecret").empty()) input["ManageMasterUserPassword"] = false;
  return change(account, "Modify", database, std::move(input), budget);
}

/// In every database that lets anybody in, with a session for each; RDS keeps one for itself.
void cut_ties_everywhere(Account& account, const Database& database, const base::Secret& password,
                         sql::Connection& session) {
  for (const auto& row :
       session
           .query("SELECT datname FROM pg_catalog.pg_database WHERE datallowconn AND datname <> 'rdsadmin'")
           .table)
    cut_ties(*log_in(account, database, password, row.at(0).value_or("")));
}

/// Once: scripts may make logins, which are to stay.
std::optional<Pending> lock_once(Account& account, const Fleet& fleet, const Json& database,
                                 const base::Secret& password, sql::Connection& session,
                                 const Budget& budget) {
  if (!is_closed(fleet, database) || label(database, labels::logins) == "locked") return std::nullopt;
  const auto family = family_of(text(database, "Engine"));
  if (family == "mariadb") {
    stop_events(session);
    cut_replication(session);
  } else {
    cut_ties_everywhere(account, describe(fleet, database), password, session);
  }
  lock_other_logins(session, family);
  return add_tags(account, id_of(database), {{labels::logins, "locked"}}, budget);
}

/// Stands for the time, once RDS has said so: what RDS says of a database it says under the name that this
/// had, and it is not found by the next one.
constexpr const char* was_reset = "reset";

/// "TOKEN TIME" of its label.
std::pair<std::string, std::string> last_change(const Json& database) {
  const auto kept = label(database, labels::password);
  const auto space = kept.rfind(' ');
  if (space == std::string::npos) return {};
  return {kept.substr(0, space), kept.substr(space + 1)};
}

/// Without a login, what RDS says has to do. The label comes first: events are looked for from then on.
std::optional<Pending> set_unseen(Account& account, const Json& database, const base::Secret& password,
                                  const std::string& token, const Budget& budget) {
  if (last_change(database).first == token) {
    if (last_change(database).second == was_reset) return std::nullopt;
    if (password_is_reset(account, database, budget))
      return add_tags(account, id_of(database), {{labels::password, token + " " + was_reset}}, budget);
  } else {
    const auto now = base::iso_utc(budget.clock.now());
    if (auto pending = add_tags(account, id_of(database), {{labels::password, token + " " + now}}, budget))
      return pending;
  }
  return send(account, database, password, budget);
}

/// A port that the network leads nowhere to does not open later, and RDS has taken a change of groups in a
/// minute or two. Since when nobody got in is said by a label; after the first session the run's deadline
/// alone counts.
Pending await_port(Account& account, const Json& database, const Error& error, const Budget& budget) {
  constexpr std::chrono::minutes patience{15};
  const Json& endpoint = part(database, "Endpoint");
  auto waits = later(fmt::format("{} to let us in: {}", called(database), error.message));
  if (endpoint.empty() || label(database, labels::logins) == "locked") return waits;
  const auto since = base::parse_iso_offset(label(database, labels::unreached));
  const auto now = budget.clock.now();
  if (!since)
    return add_tags(account, id_of(database), {{labels::unreached, base::iso_utc(now)}}, budget)
        .value_or(std::move(waits));
  if (now - *since < patience) return waits;
  throw Error("Unreachable",
              fmt::format("{} has let nobody in for {} minutes: {}", called(database), patience.count(),
                          error.message),
              "whoever runs dbrefresh must reach the database's port: through the quarantine group, the "
              "network ACLs and the routes of its subnets");
}

}  // namespace

std::string objection_to_password(const std::string& password, const std::string& engine) {
  constexpr std::size_t shortest = 8;
  const std::string forbidden = family_of(engine) == "oracle" ? "/\"@&'" : "/\"@";
  const auto most = longest_password(engine);
  if (password.size() < shortest || password.size() > most)
    return fmt::format("has {} characters, and RDS takes {} to {} for {}", password.size(), shortest, most,
                       engine);
  const auto wrong = std::ranges::find_if(
      password, [&](char c) { return c < ' ' || c > '~' || forbidden.find(c) != std::string::npos; });
  return wrong == password.end()
             ? ""
             : fmt::format(
                   "has a character that RDS does not take for {}: it must be printable ASCII without {}",
                   engine, forbidden);
}

bool password_is_reset(Account& account, const Json& database, const Budget& budget) {
  const auto since = last_change(database).second;
  if (since.empty() || since == was_reset) return !since.empty();
  bool reset = false;
  for (const Json& event :
       account.service.all("rds", "DescribeEvents",
                           {{"SourceIdentifier", name_of(database)},
                            {"SourceType", kind_of(database) == Kind::cluster ? "db-cluster" : "db-instance"},
                            {"StartTime", since}},
                           "Events", budget)) {
    const auto message = base::lower(text(event, "Message"));
    if (message.find("unable to reset") != std::string::npos)
      throw Error("DatabaseFailed", fmt::format("{}: {}", called(database), text(event, "Message")));
    reset = reset || (message.find("reset") != std::string::npos &&
                      (message.find("password") != std::string::npos ||
                       message.find("master credentials") != std::string::npos));
  }
  return reset;
}

std::optional<Pending> set_password(Account& account, const Fleet& fleet, const Json& database,
                                    const base::Secret& password, const std::string& token,
                                    const Budget& budget) {
  if (!can_log_in(text(database, "Engine"))) return set_unseen(account, database, password, token, budget);
  std::unique_ptr<sql::Connection> session;
  try {
    session = log_in(account, describe(fleet, database), password, "");
  } catch (const Error& error) {
    if (error.code == "AccessDenied") return send(account, database, password, budget);
    if (!error.retryable) throw;
    return await_port(account, database, error, budget);
  }
  return lock_once(account, fleet, database, password, *session, budget);
}

}  // namespace provider::aws
