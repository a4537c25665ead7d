// The whole program on the test bed for Amazon's services, while these fail, answer late or not at all, and
// while it dies: whatever happens, a run ends done or put back. `DBREFRESH_AWS_SEEDS=FIRST-LAST` runs those
// seeds instead of a few (tests/aws-bed/README.md).
#include <fmt/format.h>

#include <cstdlib>
#include <thread>

#include "base/error.h"
#include "tests/end-to-end/aws_program.h"
#include "tests/end-to-end/aws_trial.h"

namespace tests {
namespace {

using base::Json;

constexpr std::size_t at_once = 8;  ///< each in an account of its own, on the same bed
constexpr std::uint64_t a_few = 4;  ///< each of another kind

/// Without those that are being removed.
std::set<std::string> groups_of(const Json& database) {
  std::set<std::string> ids;
  for (const Json& group : database.value("VpcSecurityGroups", Json::array()))
    if (group.at("Status") != "removing") ids.insert(group.at("VpcSecurityGroupId"));
  return ids;
}

/// One seed's run, from the file to its end.
class TrialRun {
 public:
  TrialRun(AwsBed& bed, std::uint64_t seed) : bed_(bed), trial_(seed), facts_(bed.facts()) {
    facts_["access_key_id"] = "AKIABED" + trial_.account;
    facts_["secret_access_key"] = "secret-key-of-" + trial_.account;
    bed_.post("key", {{"id", facts_["access_key_id"]},
                      {"secret", facts_["secret_access_key"]},
                      {"account", trial_.account}});
    made_ = bed_.post("seed", trial_.world());
    before_ = place(bed_.get("state"));
    bed_.post("pace", {{"for", {{trial_.prefix + "*", trial_.pace}}}});
    bed_.post("faults", trial_.drawn);
    for (const Json& each : trial_.scripted) bed_.post("fault", each);
    os::write_file_atomic(folder_.path() / "file.json", trial_.file(made_, clock_.now()).dump(), 0600);
  }

  /// To the end of the run, whoever has to take it up.
  void drive() {
    try {
      std::vector<std::string> next = {"run", (folder_.path() / "file.json").string()};
      for (std::size_t life = 0; life < most_lives; ++life) {
        work(next, life < trial_.deaths.size() ? std::optional(trial_.deaths[life]) : std::nullopt);
        run_ = the_run();
        if (!run_.is_object()) continue;  // it died before it had begun one
        if (run_.at("status") != "RUNNING") return;
        next = {"resume", "--all"};
        if (trial_.cancel) next = {"cancel", run_.at("run")};
      }
    } catch (const std::exception& error) {
      said_ += fmt::format("\n{}", error.what());
    }
  }

  /// All that is wrong in the end; nothing if all is well.
  std::vector<std::string> wrong(const Json& state, const Json& calls) const;
  std::string shown() const { return fmt::format("{}\n{}", trial_.shown(), said_); }
  const Trial& trial() const { return trial_; }
  bool done() const { return run_.is_object() && run_.at("status") == "SUCCEEDED"; }

 private:
  static constexpr std::size_t most_lives = 5;

  const Json& place(const Json& state) const {
    return state.at("places").at(trial_.account + "/eu-central-1");
  }
  os::Command command(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(),
                     {PROGRAM, "--home", (folder_.path() / "home").string(), "--provider", "aws"});
    return {.argv = std::move(arguments), .environment = aws_environment(facts_)};
  }
  void work(const std::vector<std::string>& arguments, const std::optional<Death>& death);
  Json the_run();
  void look_at_databases(const Json& now, std::vector<std::string>& wrong) const;
  void look_at_reports(const Json& state, const Json& calls, std::vector<std::string>& wrong) const;

  AwsBed& bed_;
  Trial trial_;
  Json facts_, made_, before_, run_;
  Temporary folder_;
  base::SystemClock clock_;
  std::string said_;
};

/// Its answer is held while it is killed.
void TrialRun::work(const std::vector<std::string>& arguments, const std::optional<Death>& death) {
  std::stop_source kill;
  Json rule;
  if (death) {
    rule = {{"account", trial_.account},
            {"changes", true},
            {"nth", death->nth},
            {"fault", {{"slow", 2}, {"after", death->after}}}};
    bed_.post("fault", rule);
  }
  const auto look = [&] {
    if (!death) return;
    const Json unused = bed_.get("faults").at("unused");
    if (std::ranges::find(unused, rule) == unused.end()) kill.request_stop();
  };
  try {
    const auto ended =
        os::run(command(arguments), clock_, clock_.now() + std::chrono::minutes(8), kill.get_token(), look);
    said_ += fmt::format("{} ended with {}: {}\n", arguments[0], ended.exit_code, ended.output);
  } catch (const base::Error& error) {
    if (error.code != "Cancelled") throw;
    said_ += arguments[0] + " was killed\n";
  }
}

/// As `list` shows it: null where none was begun, or not even a home.
Json TrialRun::the_run() {
  // By the home alone: the account is not asked, and fails nothing.
  const auto listed =
      os::run({.argv = {PROGRAM, "--home", (folder_.path() / "home").string(), "--json", "list"}}, clock_,
              clock_.now() + std::chrono::minutes(1), {});
  const Json all = Json::parse(listed.output.substr(0, listed.output.find('\n')), nullptr, false);
  if (all.is_array()) return all.empty() ? Json() : all.back();
  if (all.value("error", "") != "NotAHome") throw std::runtime_error("list says " + listed.output);
  return {};
}

std::vector<std::string> TrialRun::wrong(const Json& state, const Json& calls) const {
  std::vector<std::string> wrong;
  if (!run_.is_object() || (run_.at("status") != "SUCCEEDED" && run_.at("status") != "FAILED"))
    return {"the run is not over: " + run_.dump()};
  look_at_databases(place(state), wrong);
  look_at_reports(state, calls, wrong);
  return wrong;
}

/// Production as it was, and under the target's name the new database or the old one; nothing else.
void TrialRun::look_at_databases(const Json& now, std::vector<std::string>& wrong) const {
  const char* kinds[] = {"instances", "clusters", "snapshots", "cluster_snapshots", "secrets"};
  for (const char* kind : kinds) {
    for (const auto& [name, row] : now.at(kind).items()) {
      const bool ours = row.contains("Tags") && row["Tags"].contains("refresh-run");
      if (ours && !done()) wrong.push_back(fmt::format("{} {} was left", kind, name));
      const bool automated = row.value("SnapshotType", "") == "automated";
      const bool replica = done() && trial_.replica && name == trial_.prefix + trial_.sort.target() + "-r";
      const bool secret = done() && trial_.secret && name == trial_.prefix + "master";
      if (!before_.at(kind).contains(name) && !automated && !replica && !secret)
        wrong.push_back(fmt::format("{} {} is new", kind, name));
      if (row.contains("bed") && row["bed"].value("busy", false) && name.find("prod") != std::string::npos)
        wrong.push_back(fmt::format("{} {} is changing", kind, name));
    }
    for (const auto& [name, row] : before_.at(kind).items())
      if (!now.at(kind).contains(name) && row.value("SnapshotType", "") != "automated")
        wrong.push_back(fmt::format("{} {} is gone", kind, name));
  }
  const char* kind = trial_.sort.cluster() ? "clusters" : "instances";
  const char* id = trial_.sort.cluster() ? "DbClusterResourceId" : "DbiResourceId";
  const auto pick = [&](const Json& in, const std::string& name) {
    Json row = in.at(kind).value(trial_.prefix + name, Json::object());
    for (const char* moving : {"LatestRestorableTime", "EarliestRestorableTime", "CloneGroupId"})
      row.erase(moving);
    return row;
  };
  const Json production = pick(now, trial_.sort.source()), was = pick(before_, trial_.sort.source());
  if (production != was) wrong.push_back("production was changed: " + Json::diff(was, production).dump());
  const Json target = pick(now, trial_.sort.target()), old = pick(before_, trial_.sort.target());
  if (done() == (target.value(id, "") == old.value(id, "")))
    wrong.push_back(
        fmt::format("{} is the database under the target's name", done() ? "the old one" : "another"));
  if (target.value(trial_.sort.cluster() ? "Status" : "DBInstanceStatus", "") != "available")
    wrong.push_back("the target is " + target.dump());
  if (!done() && groups_of(target) != groups_of(old))
    wrong.push_back("the old database is not open again: " + target.dump());
  if (done() && target.at("bed").at("unmasked") != false) wrong.push_back("what is new is not masked");
  if (trial_.secret_before && !done()) {
    const auto name = trial_.prefix + "master";
    if (now.at("secrets").value(name, Json()) != before_.at("secrets").value(name, Json()))
      wrong.push_back("the secret is not as it was: " + now["secrets"].dump() + before_["secrets"].dump());
  }
}

/// One row; one message, or more where SNS said that it had not taken one that it had, or nobody was left to
/// hear it.
void TrialRun::look_at_reports(const Json& state, const Json& calls, std::vector<std::string>& wrong) const {
  std::size_t rows = 0, messages = 0, unheard = trial_.deaths.size();
  for (const auto& [table, all] : state.at("tables").items())
    for (const Json& row : all)
      if (row.value("run", "") == run_.at("run")) {
        ++rows;
        if (row.at("status") != (done() ? "completed" : "failed"))
          wrong.push_back("the ledger says " + row.dump());
      }
  for (const Json& each : state.at("messages"))
    if (each.at("topic").get<std::string>().find(":" + trial_.account + ":") != std::string::npos) {
      ++messages;
      if (each.at("subject").get<std::string>().find(done() ? "[COMPLETED]" : "[FAILED]") ==
          std::string::npos)
        wrong.push_back("the message says " + each.dump());
    }
  for (const Json& call : calls)
    if (call.at("account") == trial_.account && call.at("operation") == "Publish" &&
        call.at("fault").is_string() && call["fault"].get<std::string>().find("after") != std::string::npos)
      ++unheard;
  if (rows != 1) wrong.push_back(fmt::format("{} rows of the ledger", rows));
  if (messages < 1 || messages > 1 + unheard) wrong.push_back(fmt::format("{} messages", messages));
}

class AwsFaults : public testing::Test {
 protected:
  /// Of some seeds, together.
  void run_all(const std::vector<std::uint64_t>& seeds) {
    bed_.post("reset");
    std::vector<std::unique_ptr<TrialRun>> runs;
    for (const auto seed : seeds) runs.push_back(std::make_unique<TrialRun>(bed_, seed));
    {
      std::vector<std::jthread> threads;
      for (auto& each : runs) threads.emplace_back([&each] { each->drive(); });
    }
    const Json calls = bed_.get("journal").at("calls"), state = bed_.get("state");
    for (const auto& each : runs) {
      const auto wrong = each->wrong(state, calls);
      EXPECT_THAT(wrong, testing::IsEmpty()) << each->shown();
      if (!wrong.empty()) keep(each->trial(), calls);
      done_ += each->done() ? 1 : 0;
    }
    EXPECT_EQ(state.at("violations"), Json::array());
    EXPECT_EQ(state.at("leaks"), Json::array());
    EXPECT_EQ(state.at("exposure").at("unmasked"), Json::array());
  }
  /// The calls of a seed that failed, where somebody wants to see them.
  static void keep(const Trial& trial, const Json& calls) {
    const char* folder = std::getenv("DBREFRESH_AWS_SEEDS_FAILED");  // NOLINT(concurrency-mt-unsafe)
    if (folder == nullptr) return;
    std::string lines;
    for (const Json& each : calls)
      if (each.at("account") == trial.account) lines += each.dump() + "\n";
    os::write_file_atomic(fmt::format("{}/{}.jsonl", folder, trial.seed), lines, 0600);
  }

  AwsBed bed_{"--backends real"};
  int done_ = 0;
};

/// FIRST-LAST of the environment, else a few.
std::pair<std::uint64_t, std::uint64_t> seeds_asked_for() {
  const char* said = std::getenv("DBREFRESH_AWS_SEEDS");  // NOLINT(concurrency-mt-unsafe): nobody sets any
  if (said == nullptr) return {1, a_few};
  const std::string text(said);
  return {std::stoull(text), std::stoull(text.substr(text.find('-') + 1))};
}

TEST_F(AwsFaults, ARunEndsDoneOrPutBackWhateverHappens) {
  const auto [first, last] = seeds_asked_for();
  for (auto from = first; from <= last; from += at_once) {
    std::vector<std::uint64_t> seeds;
    for (auto seed = from; seed <= last && seed < from + at_once; ++seed) seeds.push_back(seed);
    run_all(seeds);
  }
  EXPECT_GT(done_, 0);
}

}  // namespace
}  // namespace tests
