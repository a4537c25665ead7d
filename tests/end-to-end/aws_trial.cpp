#include "tests/end-to-end/aws_trial.h"

#include <fmt/format.h>

namespace tests {

using base::Json;

namespace {

constexpr Sort sorts[] = {
    {"Point", "mariadb", "default.mariadb10.11", "latestpoint"},
    {"MysqlSnapshot", "mysql", "default.mysql8.0", "fromsnapshot"},
    {"PostgresPoint", "postgres", "default.postgres15", "restorepoint"},
    {"AuroraMysqlClone", "aurora-mysql", "default.aurora-mysql8.0", "fastcloning"},
    {"AuroraPostgresSnapshot", "aurora-postgresql", "default.aurora-postgresql15", "fromsnapshot"}};
constexpr const char* transient[] = {"throttle",    "throttle-exception", "too-many",       "error-500",
                                     "error-503",   "error-500-after",    "html-500",       "html-502",
                                     "html-503",    "html-504",           "html-502-after", "reset-before",
                                     "reset-after", "cut-after",          "html-504-after"};
/// How statuses end that end badly, by the call that leads to them.
constexpr std::pair<const char*, const char*> endings[] = {{"Restore*", "incompatible-restore"},
                                                           {"Restore*", "incompatible-network"},
                                                           {"Create*", "incompatible-parameters"},
                                                           {"Modify*", "password-not-reset"},
                                                           {"Modify*", "storage-full"}};

}  // namespace

Trial::Trial(std::uint64_t number)
    : seed(number),
      prefix(fmt::format("s{}-", number)),
      account(fmt::format("{:012}", 200'000'000'000 + number)),
      sort(sorts[number % std::size(sorts)]),
      random_(number) {
  secret = one_in(3);
  secret_before = secret && one_in(2);
  replica = !sort.cluster() && one_in(4);
  const int longest = one_in(3) ? 3 : 2;  // each costs seconds
  for (const char* what : {"lag", "hidden", "gap", "groups", "renaming", "modifying", "backing-up",
                           "resetting-master-credentials"})
    pace[what] = draw(longest);
  for (const char* what : {"creating", "deleting", "rebooting"}) pace[what] = 1 + draw(2);
  for (int left = draw(3); left > 0; --left) deaths.push_back({1 + draw(14), one_in(2)});
  cancel = !deaths.empty() && one_in(4);
  draw_faults();
}

void Trial::draw_faults() {
  constexpr double rates[] = {0, 0.05, 0.1, 0.2};
  drawn = {{"account", account}, {"seed", seed}, {"rate", rates[draw(4)]}, {"in_a_row", 1 + draw(3)}};
  for (const char* each : transient) drawn["kinds"].push_back(each);
  const auto script = [&](Json rule) {
    rule["account"] = account;
    scripted.push_back(std::move(rule));
  };
  if (one_in(5)) script({{"nth", 20 + draw(100)}, {"times", 1 + draw(3)}, {"fault", "expired-token"}});
  if (one_in(5)) {
    const auto& [op, status] = endings[draw(std::size(endings))];
    Json rule = {{"service", "rds"}, {"op", op}, {"nth", 1 + draw(2)}, {"fault", {{"terminal", status}}}};
    if (std::string_view(op) == "Modify*")  // the copy: no refresh heals an old database that breaks
      rule["match"] = {{sort.cluster() ? "DBClusterIdentifier" : "DBInstanceIdentifier", "*temp"}};
    script(std::move(rule));
  }
  if (one_in(4))
    script({{"changes", true}, {"nth", 1 + draw(14)}, {"times", 1 + draw(4)}, {"fault", "reset-after"}});
}

std::string Trial::named(const std::string& text) const {
  std::string out = text;
  for (const std::string name : {"mysqlinst", "prodclu", "prodins", "devclu", "devins"})
    out = replaced(out, name, prefix + name);
  for (const std::string name : {"scripts", "dbalignment-awssol"})
    out = replaced(out, "\"" + name + "\"", "\"" + prefix + name + "\"");
  return out;
}

Json Trial::world() const {
  Json world = Json::parse(named(world_of(sort).dump()));
  world["account"] = account;
  if (secret_before)
    world["secrets"] = {{{"name", prefix + "master"},
                         {"value", {{"username", "admin"}, {"password", "password-of-the-old-one"}}}}};
  return world;
}

Json Trial::file(const Json& made, base::Time now) const {
  Json file = Json::parse(named(file_of(sort, made, now).dump()));
  const char* whole = sort.cluster() ? "cluster" : "dbinstance";
  const std::string target = prefix + sort.target();
  if (secret) {
    file["changemasterpwd"].update({{"secret", "true"}, {"secretname", prefix + "master"}});
    file["rotatemasterpwd"].update({{"secretname", prefix + "master"}, {"torun", "true"}});
    file["rotatemasterpwd"]["check"] = {{"dbservice", sort.cluster() ? "aurora" : "rds"},
                                        {whole, target},
                                        {"secretname", prefix + "master"},
                                        {"checktodo", "rotatepwd"},
                                        {"torun", "true"}};
  }
  if (replica)
    file["createreplicas"] = {{"dbservice", "rds"},
                              {"dbinstance", target},
                              {"application", "app1"},
                              {"environment", "development"},
                              {"autominor", "False"},
                              {"copytagstosnap", "True"},
                              {"multiaz", "False"},
                              {"iamdbauth", "False"},
                              {"secgrpids", file["restore"]["secgrpids"]},
                              {"storagetype", "gp3"},
                              {"replicas", target + "-r_db.t4g.medium_3307"},
                              {"wait_time", 1},
                              {"torun", "true"},
                              {"check",
                               {{"dbservice", "rds"},
                                {"replicas", target + "-r"},
                                {"checktodo", "checkreplicas"},
                                {"torun", "true"}}}};
  return file;
}

std::string Trial::shown() const {
  std::string all =
      fmt::format("seed {}: {}{}{}{}, pace {}, rate {}, scripted {}", seed, sort.name,
                  secret ? ", a secret" : "", secret_before ? " that was there" : "",
                  replica ? ", a replica" : "", pace.dump(), drawn["rate"].dump(), scripted.dump());
  for (const auto& each : deaths)
    all += fmt::format(", dies {} its change {}", each.after ? "after" : "before", each.nth);
  return all + (cancel ? ", is cancelled" : "");
}

}  // namespace tests
