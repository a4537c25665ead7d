#include "tests/simulation/world.h"

#include <fmt/format.h>

#include <utility>

#include "base/error.h"
#include "refresh/workflow.h"

namespace tests {

using base::Json;
using provider::Database;
using provider::Kind;

namespace {

std::string member(const std::string& key, const std::string& fields) {
  return fmt::format("\"{}\": {{\"torun\": \"true\", \"wait_time\": 5, {}}}", key, fields);
}

const provider::SecretStore::Rotation old_rotation{.function = "old function", .days = 7};
const std::string rds = "\"dbservice\": \"rds\", \"dbinstance\": \"dev\"";
const std::string aurora = "\"dbservice\": \"aurora\", \"cluster\": \"devclu\"";
const std::string story = "\"application\": \"app\", \"environment\": \"development\"";

}  // namespace

std::string instance_file() {
  return "{" + member("stopdb", rds) + "," +
         member("restore",
                "\"dbservice\": \"rds\", \"source\": \"prod\", \"target\": \"dev\", \"restoretype\": "
                "\"latestpoint\", \"port\": 3307, \"subgrp\": \"default\", "
                "\"iamdbauth\": \"False\", \"cwalogs\": \"\", \"copytagstosnap\": \"True\", \"dbparamgrp\": "
                "\"g\", \"deletionprotection\": \"False\", "
                "\"secgrpids\": \"sg-1\", \"multiaz\": \"False\", \"dbclass\": \"c\", \"autominor\": "
                "\"False\", \"storagetype\": \"gp2\", " +
                    story) +
         "," + member("delete", rds) + "," +
         member("rename", "\"dbservice\": \"rds\", \"dbinstance\": \"devtemp\"") + "," +
         member("fixtags", rds) + "," +
         member("changemasterpwd",
                rds + ", \"temppwd\": \"new'password\", \"secret\": \"true\", \"secretname\": \"s\"") +
         "," + member("rotatemasterpwd", rds + ", \"secretname\": \"s\"") + "," +
         member("deletereplicas", rds) + "," +
         member("createreplicas",
                rds +
                    ", \"autominor\": \"False\", \"copytagstosnap\": \"True\", \"multiaz\": \"False\", "
                    "\"iamdbauth\": \"False\", \"secgrpids\": \"sg-1\", \"storagetype\": \"gp2\", "
                    "\"replicas\": \"dev-r_c_3308\", " +
                    story) +
         "," +
         member("runscripts",
                rds +
                    ", \"engine\": \"mysql\", \"access\": \"secret\", \"secretname\": \"s\", \"method\": "
                    "\"lambda\", \"bucketname\": \"b\", \"prefix\": \"p\", \"keys\": \"1.sql,2.sql\"") +
         "," +
         member("updatedynamodb",
                rds + ", \"source\": \"prod\", \"restoretype\": \"latestpoint\", \"tablename\": \"t\", " +
                    story) +
         "," +
         member("sendmsg",
                rds + ", \"source\": \"prod\", \"restoretype\": \"latestpoint\", \"topicarn\": \"arn\", " +
                    story) +
         "}";
}

std::string cluster_file() {
  const std::string writer = "\"dbservice\": \"aurora\", \"dbinstance\": \"devins\"";
  return "{" + member("deletereplicas", aurora) + "," +
         member("restore",
                "\"dbservice\": \"aurora\", \"sourcecluster\": \"prodclu\", \"targetcluster\": \"devclu\", "
                "\"restoretype\": \"fastcloning\", \"engine\": \"aurora-mysql\", "
                "\"port\": 3307, \"subgrp\": \"default\", \"iamdbauth\": \"True\", \"cwalogs\": \"\", "
                "\"copytagstosnap\": \"True\", \"cluparamgrp\": \"g\", "
                "\"deletionprotection\": \"False\", \"secgrpids\": \"sg-1\", " +
                    story) +
         "," +
         member("createinstance",
                "\"dbservice\": \"aurora\", \"cluster\": \"devclutemp\", \"dbinstance\": \"devins\", "
                "\"dbclass\": \"c\", \"engine\": \"aurora-mysql\", \"subgrp\": \"d\", "
                "\"dbparamgrp\": \"g\", \"autominor\": \"False\", \"copytagstosnap\": \"True\", " +
                    story) +
         "," + member("delete", writer) + "," + member("deletecluster", aurora) + "," +
         member("renamecluster", "\"dbservice\": \"aurora\", \"cluster\": \"devclutemp\"") + "," +
         member("rename", "\"dbservice\": \"aurora\", \"dbinstance\": \"devinstemp\"") + "," +
         member("fixtags", aurora + ", \"dbinstance\": \"devins\"") + "," +
         member("createreplicas",
                aurora +
                    ", \"engine\": \"aurora-mysql\", \"dbinstance\": \"devins\", \"autominor\": \"False\", "
                    "\"copytagstosnap\": \"True\", \"subgrp\": \"d\", "
                    "\"dbparamgrp\": \"g\", \"replicas\": \"devins-b_c,devins-c_c\", " +
                    story) +
         "," + member("changemasterpwd", aurora + ", \"temppwd\": \"new'password\", \"secret\": \"false\"") +
         "," +
         member("createsecret",
                aurora +
                    ", \"temppwd\": \"new'password\", \"secretname\": \"s\", \"rotation\": "
                    "\"true\", \"lambdaarn\": \"arn:aws:lambda:eu-west-1:123456789012:function:rotate\", "
                    "\"rotationdays\": 30") +
         "," +
         member("runscripts", aurora +
                                  ", \"engine\": \"aurora-mysql\", \"access\": \"pwd\", \"temppwd\": "
                                  "\"new'password\", \"method\": \"lambda\", \"bucketname\": \"b\", "
                                  "\"prefix\": \"p\", \"keys\": \"1.sql,2.sql\"") +
         "}";
}

SimulatedWorld::SimulatedWorld(const std::string& file_text, bool with_old,
                               provider::simulated::Faults faults, Calls calls)
    : file(refresh::parse_refresh_file(file_text)),
      clock(*base::parse_iso_offset("2026-01-01T00:00:00Z")),
      databases(clock, std::move(faults)),
      calls_(calls),
      with_old_(with_old) {
  if (!file.ok())
    throw std::runtime_error("the file is not valid: " + base::to_string("file", file.problems.at(0)));
  const bool cluster = file.names.kind == Kind::cluster;
  const std::string engine = cluster ? "aurora-mysql" : "mysql";
  databases.guarded = file.names.target;
  databases.must_be_masked = file.members.contains("runscripts");
  databases.add({.kind = file.names.kind,
                 .name = file.names.source,
                 .id = "id-prod",
                 .engine = engine,
                 .status = "available",
                 .port = 1,
                 .master_user = "admin",
                 .db_name = "d",
                 .members = cluster ? std::vector<std::string>{"id-prodins"} : std::vector<std::string>{}});
  if (cluster)
    databases.add({.name = "prodins",
                   .id = "id-prodins",
                   .engine = engine,
                   .status = "available",
                   .cluster = "id-prod",
                   .writer = true});
  if (with_old) {
    old_id_ = "id-old";
    databases.add(
        {.kind = file.names.kind,
         .name = file.names.target,
         .id = old_id_,
         .engine = engine,
         .status = "available",
         .port = 2,
         .master_user = "admin",
         .tags = {{"refresh", "true"}},
         .members =
             cluster ? std::vector<std::string>{"id-oldins", "id-oldreader"} : std::vector<std::string>{},
         .replicas = cluster ? std::vector<std::string>{} : std::vector<std::string>{"id-oldreader"}});
    if (!cluster) {
      databases.add({.name = "dev-r",
                     .id = "id-oldreader",
                     .engine = engine,
                     .status = "available",
                     .tags = {{"refresh", "true"}},
                     .replica_of = old_id_});
    } else {
      databases.add({.name = "devins",
                     .id = "id-oldins",
                     .engine = engine,
                     .status = "available",
                     .tags = {{"refresh", "true"}},
                     .cluster = old_id_,
                     .writer = true});
      databases.add({.name = "devins-b",
                     .id = "id-oldreader",
                     .engine = engine,
                     .status = "available",
                     .tags = {{"refresh", "true"}},
                     .cluster = old_id_,
                     .replica_of = old_id_});
    }
    for (const auto& each : databases.find(provider::Selector{}))
      if (each.id.starts_with("id-old") && each.id != old_id_) old_parts_[each.id] = each.name;
    secrets.put_pending("s", base::Secret(R"({"username":"admin","password":"old password"})"));
    secrets.promote("s");
    secrets.rotate_regularly("s", old_rotation);
  }
  scripts.objects = {{"b/p/1.sql", "TRUNCATE TABLE logs\nUPDATE a SET b = 1"},
                     {"b/p/2.sql", "UPDATE customers SET email = 'x';\n"}};
  seal_secrets();
}

void SimulatedWorld::seal_secrets() {
  Json kept = Json::object();
  for (const auto& [name, value] : file.secrets) kept[name] = value.reveal();
  secrets.put_pending(refresh::run_secret_name(run_id), base::Secret(kept.dump()));
  secrets.promote(refresh::run_secret_name(run_id));
}

bool SimulatedWorld::go_on() {
  databases.mend();
  const auto copy = databases.find(file.names.kind, refresh::kept_name(file.names.target, run_id));
  const auto headway = copy ? refresh::headway_of(*copy, run_id) : std::nullopt;
  if (!headway) return false;
  retry_ = {.of = run_id,
            .copy = copy->id,
            .data_time = "2026-01-01 00:00:00",
            .method = "kept",
            .scripts = *headway};
  run_id = "20260102000000-def456";
  seal_secrets();
  ledger = {};
  notifier.messages.clear();
  return true;
}

namespace {

/// The journal's file and what is committed in its log, in a folder of its own.
os::fs::path copied(const os::fs::path& journal, const os::fs::path& folder) {
  for (const char* part : {"", "-wal"})
    if (os::fs::exists(journal.string() + part))
      os::fs::copy_file(journal.string() + part, (folder / journal.filename()).string() + part);
  return folder / journal.filename();
}

}  // namespace

SimulatedWorld::SimulatedWorld(const SimulatedWorld& living)
    : file(living.file),
      clock(living.clock),
      databases(living.databases, clock),
      secrets(living.secrets),
      scripts(living.scripts),
      ledger(living.ledger),
      notifier(living.notifier),
      journal(copied(living.folder.path() / "journal.db", folder.path())),
      run_id(living.run_id),
      calls_(living.calls_),
      retry_(living.retry_),
      with_old_(living.with_old_),
      old_id_(living.old_id_),
      old_parts_(living.old_parts_) {}

/// As a service does that delivers at least once: what the second one answers, nobody hears.
Json SimulatedWorld::call_at_once(const std::function<Json()>& call) {
  const auto usual = std::exchange(databases.on_change, nullptr);
  bool meanwhile = false;
  databases.on_change = [&] {
    if (usual) usual();
    if (std::exchange(meanwhile, true)) return;
    try {
      call();
    } catch (const base::Error&) {
    }
    meanwhile = false;
  };
  Json answer;
  try {
    answer = call();
  } catch (...) {
    databases.on_change = usual;
    throw;
  }
  databases.on_change = usual;
  return answer;
}

engine::Task SimulatedWorld::task() {
  if (!calls_.stateless && !calls_.twice && !calls_.at_once)
    return refresh::make_task(services, calls_.times);
  return [this](const engine::Attempt& attempt) {
    const auto call = [&] {
      const Json input = Json::parse(attempt.input.dump());
      provider::Services fresh{databases, secrets, scripts, ledger, notifier};
      return refresh::make_task(fresh, calls_.times)(engine::Attempt{.execution = attempt.execution,
                                                                     .state = attempt.state,
                                                                     .input = input,
                                                                     .clock = clock,
                                                                     .stop = attempt.stop,
                                                                     .cancel = attempt.cancel,
                                                                     .tell = attempt.tell});
    };
    if (calls_.at_once && refresh::is_heavy(attempt.input.at("state").get<std::string>()))
      return call_at_once(call);
    if (calls_.twice) call();
    return call();
  };
}

Json SimulatedWorld::end_state() {
  Json state = {{"status", journal.find(run_id)->status}};
  for (auto each : databases.find(provider::Selector{})) {
    each.tags.erase("refresh-run");
    state["databases"][each.name] = {{"kind", to_string(each.kind)},
                                     {"status", each.status},
                                     {"open", each.open},
                                     {"port", each.port},
                                     {"writer", each.writer},
                                     {"tags", each.tags},
                                     {"members", each.members.size()},
                                     {"replicas", each.replicas.size()}};
  }
  for (const auto& name : secrets.names()) state["secrets"].push_back(name);
  for (const auto& row : ledger.rows("")) state["ledger"].push_back({row.dbinstance, row.status, row.source});
  for (const auto& message : notifier.messages) state["messages"].push_back(message.subject);
  return state;
}

void SimulatedWorld::drive(const std::function<void(engine::Engine&)>& begin) {
  engine::Ownership ownership(folder.path() / "engines");
  engine::Observer observer;
  engine::Engine engine(journal, clock, ownership, task(), observer, {.workers = 0, .seed = 7});
  begin(engine);
  engine.run({});
}

void SimulatedWorld::take_up() {
  drive([&](engine::Engine& engine) {
    if (journal.find(run_id)) {
      engine.adopt(run_id);
      return;
    }
    Json input = refresh::run_input(run_id, file, calls_.keep_failed, clock.now());
    if (retry_) input[refresh::retry_member] = to_json(*retry_);
    engine.start(run_id, "target", refresh::state_machine().dump(), input);
  });
}

int SimulatedWorld::run(int crash_at) {
  return survive(crash_at, [&] { take_up(); });
}

int SimulatedWorld::roll_back_again(int crash_at) {
  return survive(crash_at, [&] {
    if (journal.find(run_id)->status == "RUNNING") return take_up();
    drive([&](engine::Engine& engine) {
      engine.redrive(run_id, [&](const auto&) { return refresh::roll_back_again(state()); });
    });
  });
}

int SimulatedWorld::survive(int crash_at, const std::function<void()>& work) {
  int point = 0;
  journal.on_commit = databases.on_change = [&] {
    if (point++ == crash_at) throw Crash{};
  };
  while (true) {
    try {
      work();
      return point;
    } catch (const Crash&) {
      clock.sleep_until(clock.now() + std::chrono::seconds(1), {});  // nobody is back at once
    }
  }
}

int SimulatedWorld::run_and_die_everywhere(const std::function<void(SimulatedWorld&, int)>& show) {
  int point = 0;
  journal.on_commit = databases.on_change = [&] {
    SimulatedWorld dead(*this);
    dead.clock.sleep_until(dead.clock.now() + std::chrono::seconds(1), {});  // nobody is back at once
    show(dead, point++);
  };
  take_up();
  return point;
}

Json SimulatedWorld::state() {
  return Json::parse(journal.find(run_id)->snapshot).at("root").at("input");
}

bool SimulatedWorld::completed() {
  return journal.find(run_id)->status == "SUCCEEDED";
}
std::string SimulatedWorld::cause() {
  return journal.find(run_id)->cause;
}

std::vector<std::string> SimulatedWorld::faults_at_end() {
  auto wrong = databases.broken_rules();
  const auto row = journal.find(run_id);
  if (row->status != "SUCCEEDED" && row->status != "FAILED") wrong.push_back("the run is " + row->status);
  if (ledger.rows("").size() != 1)
    wrong.push_back(fmt::format("{} ledger rows", ledger.rows("").size()));
  else if (ledger.rows("")[0].status != (completed() ? "completed" : "failed"))
    wrong.push_back("the ledger says " + ledger.rows("")[0].status);
  const auto ends = static_cast<std::size_t>(1 + refresh::rolled_back_again(state()));
  if (notifier.messages.size() != ends)
    wrong.push_back(fmt::format("{} notifications", notifier.messages.size()));
  clock.sleep_until(clock.now() + std::chrono::hours(1), {});
  const auto named = databases.find(file.names.kind, file.names.target);
  const auto source = databases.get("id-prod");
  if (!source || source->name != file.names.source || source->status != "available" || !source->tags.empty())
    wrong.emplace_back("the source was touched");
  for (const auto& each : databases.find(provider::Selector{})) {
    const bool ours = each.tags.contains("refresh-run");
    if (!completed() && ours && !(named && named->id != old_id_))
      wrong.push_back("left behind: " + each.name);
    if (each.name.find("temp") != std::string::npos || each.name.find("-old-") != std::string::npos)
      wrong.push_back("left behind: " + each.name);
    if (completed() && each.name.find("-failed-") != std::string::npos)
      wrong.push_back("left behind: " + each.name);
    if (each.status != "available") wrong.push_back(each.name + " is " + each.status);
  }
  if ((completed() || with_old_) && (!named || !named->open))
    wrong.emplace_back("nothing serves under the target's name");
  if (completed() && named && named->id == old_id_) wrong.emplace_back("the old database still has the name");
  if (!completed() && named && named->id == old_id_)
    for (const auto& [id, name] : old_parts_)
      if (const auto part = databases.get(id); !part || part->name != name || !part->open)
        wrong.push_back("the old database is back without " + name);
  if (secrets.get(refresh::run_secret_name(run_id), provider::SecretStore::Stage::current))
    wrong.emplace_back("the run's secrets were kept");
  const auto secret = secrets.get("s", provider::SecretStore::Stage::current);
  if (with_old_ && !completed() && named && named->id == old_id_ &&
      secret != base::Secret(R"({"username":"admin","password":"old password"})"))
    wrong.emplace_back("the secret does not fit the old database");
  const auto rotation = secrets.rotation("s");
  const auto asked = refresh::facts_of(file.members).rotation;
  if (completed() && asked && rotation != asked) wrong.emplace_back("the secret is not rotated as asked for");
  if (with_old_ && !completed() && named && named->id == old_id_ && rotation != old_rotation)
    wrong.emplace_back("the secret is not rotated as before");
  if (completed() && named && secret &&
      databases.login(named->id,
                      base::Secret(Json::parse(secret->reveal()).at("password").get<std::string>()),
                      "") == nullptr)
    wrong.emplace_back("the secret does not open the new database");
  return wrong;
}

}  // namespace tests
