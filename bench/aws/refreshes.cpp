// `make bench-aws`: so many refreshes side by side, in one account of the test bed for Amazon's services and
// with one engine, as `dbrefresh resume --all` drives them: requests, CPU, and what we add to RDS's own time.
// In real time: about 25 minutes.
#include <fmt/format.h>
#include <sys/resource.h>

#include "bench/measure.h"
#include "engine/engine.h"
#include "refresh/document.h"
#include "refresh/lookup.h"
#include "refresh/passwords.h"
#include "runs/amazon_services.h"
#include "runs/world.h"
#include "tests/aws_bed.h"
#include "tests/stand_in_session.h"

namespace {

using base::Json;

/// How long RDS takes for a small database, in seconds.
const Json rds_takes = {{"lag", 10.0},
                        {"hidden", 10.0},
                        {"gap", 10.0},
                        {"groups", 30.0},
                        {"creating", 600.0},
                        {"modifying", 30.0},
                        {"renaming", 60.0},
                        {"rebooting", 60.0},
                        {"deleting", 200.0},
                        {"backing-up", 60.0},
                        {"configuring-log-exports", 30.0},
                        {"resetting-master-credentials", 30.0}};

double takes(std::initializer_list<const char*> what) {
  double all = 0;
  for (const char* each : what) all += rds_takes.at(each).get<double>();
  return all;
}

/// What a call set going.
double takes(const Json& call) {
  const std::string operation = call.at("operation");
  const Json& input = call.at("input");
  if (call.at("status") != 200) return 0;
  if (operation.starts_with("Restore")) return takes({"hidden", "creating"});
  if (operation == "DeleteDBInstance") return takes({"deleting"});
  if (operation != "ModifyDBInstance") return 0;
  double all = 0;
  if (input.contains("VpcSecurityGroupIds")) all += takes({"groups"});
  if (input.contains("MasterUserPassword")) all += takes({"resetting-master-credentials"});
  if (input.contains("CloudwatchLogsExportConfiguration")) all += takes({"configuring-log-exports"});
  if (input.contains("BackupRetentionPeriod")) all += takes({"modifying", "backing-up"});
  if (input.contains("NewDBInstanceIdentifier")) all += takes({"renaming", "gap", "rebooting"});
  return all + (input.contains("VpcSecurityGroupIds") ? 0 : takes({"lag"}));
}

/// Stands in for the servers, of which no host has hundreds: a password is unknown until it was sent to RDS,
/// which is when it was refused once. Thread-safe.
class Servers {
 public:
  sql::Connect connect() {
    return [this](const sql::Endpoint& where, std::chrono::seconds) -> std::unique_ptr<sql::Connection> {
      const std::lock_guard lock(mutex_);
      if (refused_.insert(where.password.reveal()).second) throw base::Error("AccessDenied", "not yet");
      return std::make_unique<Session>();
    };
  }

 private:
  class Session : public tests::StandInSession {
   public:
    sql::Result execute(std::string_view statement, std::size_t) override {
      if (statement != "SELECT VERSION()") return {};
      return {.rows = 1, .table = {{"10.11.6-MariaDB"}}, .columns = {"VERSION()"}};
    }
  };
  std::mutex mutex_;
  std::set<std::string> refused_;
};

Json document(const std::string& name) {
  return Json::parse(os::read_file(std::string(SOURCE_DIR "/tests/end-to-end/") + name));
}

std::string target(int number) {
  return fmt::format("dev-{:03}", number);
}

/// Production, and so many databases to refresh from it.
Json world(int runs) {
  Json world = document("aws-world.json");
  const Json old = world["instances"][1];
  world["quotas"] = {{"DBInstances", 1'000}, {"AllocatedStorage", 1'000'000}};
  world["instances"].erase(1);
  for (int i = 0; i < runs; ++i) {
    world["instances"].push_back(old);
    world["instances"].back()["name"] = target(i);
  }
  return world;
}

refresh::RefreshFile file(const Json& made, int number) {
  Json file = document("aws-refresh.json");
  file["restore"]["secgrpids"] = made.at("security_groups").at("developers");
  file["sendmsg"]["topicarn"] = made.at("topics").at("refresh");
  for (auto& member : file)
    if (member.contains("wait_time")) member["wait_time"] = 60;  // as the original's sample
  std::string text = file.dump();
  for (const auto& [word, with] :
       {std::pair("mysqlinstd", target(number)), {"temppwd123", "new-" + target(number)}})
    for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos; at += with.size())
      text.replace(at, std::string_view(word).size(), with);
  return refresh::parse_refresh_file(text);
}

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto of = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return of(used.ru_utime) + of(used.ru_stime);
}

/// Looks at RDS, or all that it is asked, in any ten seconds, each.
double busiest(const Json& calls, bool looks_alone) {
  constexpr double window = 10;
  std::vector<double> times;
  for (const Json& call : calls)
    if (call.at("service") == "rds" &&
        (!looks_alone || call.at("operation").get<std::string>().starts_with("Describe")))
      times.push_back(call.at("seconds"));
  std::ranges::sort(times);
  std::size_t most = 0;
  for (std::size_t first = 0, last = 0; last < times.size(); ++last) {
    while (times[last] - times[first] > window) ++first;
    most = std::max(most, last - first + 1);
  }
  return static_cast<double>(most) / window;
}

/// What RDS took for one run, one thing after the other.
double takes(const Json& calls, int number) {
  double all = 0;
  for (const Json& call : calls)
    for (const char* name : {"DBInstanceIdentifier", "TargetDBInstanceIdentifier"})
      if (call.at("input").value(name, "").starts_with(target(number))) all += takes(call);
  return all;
}

void refreshes(tests::AwsBed& bed, int runs) {
  bed.post("reset");
  const Json made = bed.post("seed", world(runs));
  bed.post("pace", {{"polls", rds_takes}});
  tests::Temporary home;
  provider::local::open_home(home.path());
  runs::LocalWorld books(home.path());
  aws::Session session(bed.settings());
  aws::Client client(session);
  Servers servers;
  runs::AmazonServices services(client, books.clock, books.secrets,
                                {.addresses = {"10.0.0.5"}, .account = bed.facts().at("account")},
                                runs::AmazonServices::Scripts::buckets, servers.connect());
  engine::Ownership ownership(books.home.engines());
  engine::Observer observer;
  engine::Engine engine(
      books.journal, books.clock, ownership, refresh::make_task(services.all()), observer,
      {.workers = runs::amazon_workers,
       .heavy_workers = runs::amazon_heavy_workers,
       .is_heavy = [](const asl::TaskRequest& task) { return refresh::is_heavy(task.state); },
       .seed = 1});
  for (int i = 0; i < runs; ++i) {
    const auto id = fmt::format("20260101000000-{:06}", i);
    const auto read = file(made, i);
    if (!read.ok()) throw base::Error("BadInput", base::to_string("file", read.problems.at(0)));
    refresh::seal_passwords(books.secrets, id, read);
    engine.start(id, target(i), refresh::state_machine().dump(),
                 refresh::run_input(id, read, false, books.clock.now()));
  }
  const double before = cpu_seconds();
  const double took = seconds([&] { engine.run({}); });
  const double cpu = cpu_seconds() - before;

  const Json calls = bed.get("journal").at("calls");
  std::vector<double> wholes, added;
  int number = 0;
  for (const auto& row : books.journal.list(false)) {
    if (row.status != "SUCCEEDED") throw base::Error(row.error, row.cause);
    wholes.push_back(std::chrono::duration<double>(*row.ended - row.created).count());
    added.push_back(wholes.back() - takes(calls, number++));
  }
  const auto of_rds =
      std::ranges::count_if(calls, [](const Json& each) { return each.at("service") == "rds"; });
  fmt::print(
      "{} refreshes at once: {:.0f} s each (median), {:.1f} % more than RDS's own time (aim under 3 %); "
      "{:.0f} "
      "requests each, {:.1f} a second to RDS; in the busiest ten seconds {:.1f} looks (aim under 12), {:.1f} "
      "with changes; {:.2f} s of CPU each\n",
      runs, median(wholes), 100 * median(added) / (median(wholes) - median(added)),
      static_cast<double>(calls.size()) / runs, static_cast<double>(of_rds) / took, busiest(calls, true),
      busiest(calls, false), cpu / runs);
  std::fflush(stdout);
}

}  // namespace

int main(int count, char** arguments) {
  try {
    if (count != 2) throw base::Error("BadInput", "usage: bench_aws REFRESHES");
    tests::AwsBed bed("--backends none");
    refreshes(bed, std::stoi(arguments[1]));
  } catch (const std::exception& error) {
    const auto* ours = dynamic_cast<const base::Error*>(&error);
    fmt::print(stderr, "bench_aws: {}\n", ours == nullptr ? error.what() : to_string(*ours));
    return 1;
  }
}
