// Whole refreshes on real servers whose attempts remember nothing: each one gets a world of its own, as a
// process of its own would, and no more than its input. They end as those of one process do.
#include <gmock/gmock.h>

#include <fstream>
#include <mutex>

#include "base/error.h"
#include "engine/engine.h"
#include "refresh/document.h"
#include "refresh/lookup.h"
#include "refresh/masking.h"
#include "runs/world.h"
#include "tests/conformance/bank.h"
#include "tests/port.h"
#include "tests/simulation/world.h"

namespace tests {
namespace {

using base::Json;
using provider::Kind;
using Stage = provider::SecretStore::Stage;
using namespace std::chrono_literals;

/// Who makes the attempts of a run.
enum class Makers {
  one,      ///< one process, as `dbrefresh run`
  staying,  ///< one each, and it lives on: what it began goes on
  a_minute  ///< one each, with a minute for its call; what is not done by then goes with it
};

struct Variant {
  const char* name;
  const char* engine;
  const char* restore_type;
  bool cluster() const { return std::string_view(engine).starts_with("aurora"); }
  bool postgres() const { return std::string_view(engine).find("postgres") != std::string_view::npos; }
};

/// A text with `#` for each run of digits: times, counts of seconds, ids of runs.
std::string without_numbers(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit || !out.ends_with('#')) out += digit ? '#' : c;
  }
  return out;
}

/// What a run has left, with everything that is its own (ids, times, what is random) taken out.
class EndState {
 public:
  EndState(runs::LocalWorld& world, const Variant& variant, std::string run)
      : world_(world), variant_(variant), run_(std::move(run)) {}

  Json show() {
    const auto row = runs::must_find_run(world_, run_);
    EXPECT_EQ(row.status, "SUCCEEDED") << row.cause;
    await_replicas();
    Json state = {
        {"status", row.status}, {"databases", databases()}, {"secrets", secrets()}, {"rows", data()}};
    for (const auto& each : world_.ledger.rows(""))
      if (each.run == run_)
        state["ledger"].push_back({each.dbinstance, each.appname, each.environment, each.source,
                                   each.restoretype, each.snapshot, each.status, each.reason, each.masked});
    std::string message = os::read_file(world_.home.mailbox() / (run_ + ".txt"));
    for (std::size_t at = 0; (at = message.find(run_)) != std::string::npos;)
      message.replace(at, run_.size(), "RUN");
    const std::string brief = "under a minute";
    if (const auto at = message.find(brief); at != std::string::npos)
      message.replace(at, brief.size(), "0 min");
    state["message"] = without_numbers(message);
    return state;
  }

 private:
  /// The last password comes to them a little later than to their source.
  void await_replicas() {
    const auto deadline = world_.clock.now() + 1min;
    for (const auto& each : world_.databases.find({}))
      while (!each.replica_of.empty() && !world_.databases.replica_in_sync(each.id) &&
             world_.clock.now() < deadline)
        world_.clock.sleep_until(world_.clock.now() + 20ms, {});
  }

  Json databases() {
    Json all;
    for (const auto& found : world_.databases.find({})) {
      auto each = *world_.databases.get(found.id);
      if (each.tags.contains("refresh-run"))
        each.tags["refresh-run"] = each.tags["refresh-run"] == run_ ? "it" : "other";
      for (auto& [key, value] : each.tags) value = without_numbers(value);
      all[each.name] = {{"kind", to_string(each.kind)},
                        {"status", each.status},
                        {"open", each.open},
                        {"port", is_reader(each) ? Json("any") : Json(each.port)},
                        {"writer", each.writer},
                        {"tags", each.tags},
                        {"members", each.members.size()},
                        {"replicas", each.replicas.size()},
                        {"opens by", logins(each)}};
    }
    return all;
  }

  /// No file says the port of a cluster's reader.
  static bool is_reader(const provider::Database& each) { return !each.cluster.empty() && !each.writer; }

  /// The stages that each secret has.
  Json secrets() {
    Json all;
    for (const auto& name : world_.secrets.names())
      for (const auto& [stage, word] :
           {std::pair(Stage::current, "current"), {Stage::pending, "pending"}, {Stage::previous, "previous"}})
        if (const auto value = world_.secrets.get(name, stage))
          all[name][word] = Json::parse(value->reveal(), nullptr, false).value("username", "");
    return all;
  }

  /// Which of the passwords that there ever were open it.
  Json logins(const provider::Database& database) {
    Json open = Json::array();
    std::map<std::string, std::string> all = {{"production's", bank_password.reveal()},
                                              {"the file's", "new'password"}};
    if (const auto secret = world_.secrets.get("s", Stage::current))
      all["the secret's"] = Json::parse(secret->reveal()).at("password");
    for (const auto& [whose, password] : all) {
      try {
        world_.databases.login(database.id, base::Secret(password), "")->query("SELECT 1");
        open.push_back(whose);
      } catch (const base::Error& error) {
        EXPECT_EQ(error.code, "AccessDenied") << error.message;
      }
    }
    return open;
  }

  Json data() {
    const auto secret = world_.secrets.get("s", Stage::current);
    EXPECT_TRUE(secret);
    const base::Secret password(Json::parse(secret->reveal()).at("password").get<std::string>());
    const auto made = world_.databases.find(variant_.cluster() ? Kind::cluster : Kind::instance,
                                            variant_.cluster() ? "devclu" : "dev");
    const auto session = world_.databases.login(made->id, password, "");
    Json rows;
    for (const char* query : {"SELECT id, email FROM customers ORDER BY id",
                              "SELECT script FROM ran ORDER BY script", "SELECT COUNT(*) FROM logs"})
      for (const auto& row : session->query(query).table)
        for (const auto& value : row) rows[query].push_back(value.value_or("null"));
    return rows;
  }

  runs::LocalWorld& world_;
  const Variant& variant_;
  std::string run_;
};

class Stateless : public testing::TestWithParam<Variant> {
 protected:
  Stateless() {
    const auto& variant = GetParam();
    const auto source = world_.databases.create_new({.name = variant.cluster() ? "prodclu" : "prod",
                                                     .engine = variant.engine,
                                                     .writer = variant.cluster() ? "prodins" : "",
                                                     .master_password = bank_password,
                                                     .db_name = "d"},
                                                    world_.budget(5));
    const auto session = world_.databases.login(source.id, bank_password, "");
    for (const char* statement : {"CREATE TABLE customers (id INT PRIMARY KEY, email VARCHAR(100))",
                                  "CREATE TABLE ran (script INT)", "CREATE TABLE logs (line VARCHAR(100))",
                                  "INSERT INTO customers VALUES (1, 'one@customers.example')",
                                  "INSERT INTO customers VALUES (2, 'two@customers.example')",
                                  "INSERT INTO logs VALUES ('one came')"})
      session->query(statement);
    world_.clock.sleep_until(std::chrono::ceil<std::chrono::seconds>(world_.clock.now()) + 1s, {});
    time_ = std::chrono::floor<std::chrono::seconds>(world_.clock.now());
    world_.clock.sleep_until(time_ + 1100ms, {});
    if (std::string_view(variant.restore_type) == "fromsnapshot")
      world_.databases.create_snapshot(source.id, "monday", world_.budget(5));
    os::fs::create_directories(world_.home.buckets() / "b/p");
    std::ofstream(world_.home.buckets() / "b/p/1.sql")
        << "UPDATE customers SET email = CONCAT('masked', id)\nTRUNCATE TABLE logs\nINSERT INTO ran VALUES "
           "(1)\n";
    std::ofstream(world_.home.buckets() / "b/p/2.sql") << "INSERT INTO ran VALUES (2)\n";
  }
  ~Stateless() override {
    others_.clear();
    for (const auto kind : {Kind::instance, Kind::cluster})
      for (const auto& each : world_.databases.find({.kind = kind}))
        provider::local::finished(world_.budget(5),
                                  [&] { return world_.databases.remove(each.id, world_.budget(5)); });
  }

  /// The simulation's file, for a server of this host.
  refresh::RefreshFile file() {
    const auto& variant = GetParam();
    Json text = Json::parse(variant.cluster() ? cluster_file() : instance_file());
    for (Json& member : text) {
      member["wait_time"] = 0;
      if (member.contains("engine")) member["engine"] = variant.engine;
      if (member.contains("restoretype"))
        member.update({{"restoretype", variant.restore_type},
                       {"restoretime", base::ledger_utc(time_)},
                       {"snapshot", "monday"}});
    }
    Json& restore = text["restore"];
    restore["port"] = port_;
    if (!variant.cluster()) text["createreplicas"]["replicas"] = "dev-r_c_" + std::to_string(replica_port_);
    auto out = refresh::parse_refresh_file(text.dump());
    for (const auto& each : out.problems)
      if (!each.warning) ADD_FAILURE() << base::to_string("file", each);
    return out;
  }

  /// Runs a refresh; what it has left.
  Json run(Makers makers, refresh::CallTimes times = {}) {
    const std::string id = "20260101000000-run" + std::to_string(100 + ++count_);
    drive(id, makers, times);
    return EndState(world_, GetParam(), id).show();
  }

  void drive(const std::string& id, Makers makers, refresh::CallTimes times) {
    const auto members = file();
    Json kept = Json::object();
    for (const auto& [name, value] : members.secrets) kept[name] = value.reveal();
    world_.secrets.put_pending(refresh::run_secret_name(id), base::Secret(kept.dump()));
    world_.secrets.promote(refresh::run_secret_name(id));
    Json input = refresh::run_input(id, members, false, world_.clock.now());
    input.update(refresh::unmasked_state(""));
    engine::Ownership ownership(world_.home.engines());
    engine::Observer observer;
    engine::Engine engine(
        world_.journal, world_.clock, ownership, task(makers, times), observer,
        {.is_heavy = [](const asl::TaskRequest& task) { return refresh::is_heavy(task.state); }});
    engine.start(id, "target", refresh::state_machine().dump(), input);
    engine.run({});
  }

  engine::Task task(Makers makers, refresh::CallTimes times) {
    if (makers == Makers::one) return refresh::make_task(world_.services(), times);
    return [this, makers, times](const engine::Attempt& attempt) {
      auto own = std::make_unique<runs::LocalWorld>(folder_.path().string());
      runs::LocalWorld& its = *own;
      if (makers == Makers::staying) {
        const std::lock_guard lock(mutex_);
        others_.push_back(std::move(own));
      }
      const std::string execution = attempt.execution, state = attempt.state;
      const Json input = Json::parse(attempt.input.dump());
      return refresh::make_task(its.services(), times)({.execution = execution,
                                                        .state = state,
                                                        .input = input,
                                                        .clock = its.clock,
                                                        .stop = attempt.stop,
                                                        .cancel = attempt.cancel,
                                                        .tell = [](const base::Note&) {}});
    };
  }

  Temporary folder_;
  runs::LocalWorld world_{folder_.path().string()};
  int port_ = any_port(), replica_port_ = any_port(), count_ = 0;
  base::Time time_{};
  std::mutex mutex_;
  std::vector<std::unique_ptr<runs::LocalWorld>> others_;
};

INSTANTIATE_TEST_SUITE_P(Kinds, Stateless,
                         testing::Values(Variant{"MariaDbLatest", "mysql", "latestpoint"},
                                         Variant{"MariaDbPoint", "mysql", "restorepoint"},
                                         Variant{"MariaDbSnapshot", "mysql", "fromsnapshot"},
                                         Variant{"MariaDbClone", "aurora-mysql", "fastcloning"},
                                         Variant{"PostgresLatest", "postgres", "latestpoint"},
                                         Variant{"PostgresPoint", "postgres", "restorepoint"},
                                         Variant{"PostgresSnapshot", "postgres", "fromsnapshot"},
                                         Variant{"PostgresClone", "aurora-postgresql", "fastcloning"}),
                         [](const auto& which) { return std::string(which.param.name); });

TEST_P(Stateless, EndsAsARunOfOneProcessDoes) {
  run(Makers::one);  // from now on there is an old database to replace
  const Json usual = run(Makers::one);
  EXPECT_EQ(usual["rows"]["SELECT script FROM ran ORDER BY script"], Json({"1", "2"}));
  EXPECT_EQ(run(Makers::staying), usual);
  others_.clear();
  EXPECT_EQ(run(Makers::a_minute, {.light = 60s, .heavy = 60s}), usual);
}

class ShortLived : public Stateless {};
INSTANTIATE_TEST_SUITE_P(Kinds, ShortLived,
                         testing::Values(Variant{"MariaDb", "mysql", "latestpoint"},
                                         Variant{"Postgres", "postgres", "latestpoint"}),
                         [](const auto& which) { return std::string(which.param.name); });

/// A copy that takes longer than whoever makes it lives is not begun for ever.
TEST_P(ShortLived, NobodyBeginsForEverWhatTakesLonger) {
  drive("20260101000000-run001", Makers::a_minute, {.light = 200ms});
  const auto row = runs::must_find_run(world_, "20260101000000-run001");
  EXPECT_EQ(row.status, "FAILED");
  EXPECT_THAT(row.cause, testing::HasSubstr("CopyKeepsBreaking: 20 copies went, one after the other"));
  EXPECT_EQ(world_.databases.find({}).size(), 1U);
}

}  // namespace
}  // namespace tests
