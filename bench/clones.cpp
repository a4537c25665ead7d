#include "bench/clones.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <functional>

#include "base/error.h"
#include "base/text.h"
#include "bench/measure.h"
#include "provider/local/mariadb_server.h"
#include "tests/conformance/bank.h"
#include "tests/port.h"
#include "tests/volume.h"

namespace {

using provider::RestoreType;
using tests::Bank;
namespace local = provider::local;

constexpr int rounds = 5;

int gigabytes() {
  return std::getenv("BENCH_BIG") != nullptr ? 8 : 2;
}

/// So that nobody waits for the disk on behalf of another one's measurement.
void settle(const Bank& bank) {
  os::sync_tree(bank.home.storage);
}

/// Rows of a kilobyte that do not compress, until the source has its size.
void fill(Bank& bank, const std::string& family) {
  const auto admin = sql::connect(bank.databases.administrator(bank.source), std::chrono::seconds(10));
  const bool postgres = family == "postgres";
  constexpr int rows = 100'000;
  if (!postgres) admin->execute("SET sql_log_bin = 0", 0);
  admin->execute(postgres ? "CREATE TABLE filler (id bigserial, v text)"
                          : "CREATE TABLE bank.filler (id BIGINT AUTO_INCREMENT PRIMARY KEY, v TEXT)",
                 0);
  while (os::tree_bytes(bank.home.storage / "instances") < std::uintmax_t(gigabytes()) << 30U)
    admin->execute(
        postgres ? fmt::format("INSERT INTO filler (v) SELECT string_agg(md5(g::text || i::text || "
                               "random()::text), '') FROM generate_series(1, {}) g, generate_series(1, 30) i "
                               "GROUP BY g",
                               rows)
                 : fmt::format(
                       "INSERT INTO bank.filler (v) SELECT CONCAT({}) FROM bank.seq_1_to_{}",
                       [] {
                         std::string parts = "MD5(RAND())";
                         for (int i = 1; i < 30; ++i) parts += ", MD5(RAND())";
                         return parts;
                       }(),
                       rows),
        0);
  if (postgres) admin->execute("CHECKPOINT", 0);
  settle(bank);
}

/// To the first answer, and gone again.
double fast_clone(Bank& bank, std::string* method = nullptr) {
  provider::Database made;
  const double took = seconds([&] {
    made = bank.restore(RestoreType::fast_cloning, "clone");
    bank.number(made, "SELECT COUNT(*) FROM account");
  });
  if (method != nullptr) *method = bank.last_restored.method;
  bank.remove(made.id);
  settle(bank);
  return took;
}

std::unique_ptr<local::Server> server(Bank& bank, const std::string& family, const std::string& id) {
  return local::make_server(bank.home, family, id, tests::any_port());
}

/// The engine's own hot copy, started; by hand.
double engines_copy(Bank& bank, const std::string& family) {
  const auto peer = server(bank, family, "db-peer");
  const auto admin = bank.databases.administrator(bank.source);
  const auto user = *os::owner_of(bank.home.instance(bank.source));
  os::make_folder(peer->folder(), 0700, user);
  auto run = [&](os::Command command, const std::vector<std::string>& arguments) {
    command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
    command.user = user;
    os::run_or_throw(command, bank.clock, bank.clock.now() + std::chrono::minutes(20), {});
  };
  const double took = seconds([&] {
    if (family == "postgres") {
      run({.argv = {"/usr/bin/pg_basebackup"}},
          {"-D", peer->data().string(), "-c", "fast", "-X", "stream", "-h", admin.socket, "-p",
           std::to_string(admin.port), "-U", admin.user});
    } else {
      const auto to = "--target-dir=" + peer->data().string();
      run(local::client_command("mariadb-backup", admin), {"--backup", "--parallel=2", to});
      run({.argv = {"mariadb-backup"}}, {"--no-defaults", "--prepare", to});
    }
    peer->configure(false, base::Json::object());
    peer->start_first("", bank.budget());
    peer->administrate()->scalar("SELECT 1");
  });
  peer->kill(bank.budget());
  os::remove_tree(peer->folder());
  settle(bank);
  return took;
}

double bare_start(Bank& bank, const std::string& family) {
  const auto clean = server(bank, family, "db-clean");
  clean->initialise(base::Json::object(), bank.budget());
  clean->configure(false, base::Json::object());
  clean->start_first("", bank.budget());
  std::vector<double> all;
  for (int i = 0; i < rounds; ++i) {
    clean->stop(bank.budget());
    all.push_back(seconds([&] {
      clean->start(bank.budget());
      clean->administrate()->scalar("SELECT 1");
    }));
  }
  clean->kill(bank.budget());
  os::remove_tree(clean->folder());
  return median(all);
}

/// Proportional set size of all that works in a folder, in MiB.
double memory_of(const os::fs::path& folder) {
  std::uint64_t kilobytes = 0;
  for (const auto& entry : os::fs::directory_iterator("/proc")) {
    const int pid = std::atoi(entry.path().filename().c_str());
    if (pid <= 0 || os::working_folder(pid) != folder) continue;
    std::ifstream in(entry.path() / "smaps_rollup");
    for (std::string word; in >> word;)
      if (word == "Pss:") {
        std::uint64_t value = 0;
        in >> value;
        kilobytes += value;
      }
  }
  return static_cast<double>(kilobytes) / 1024;
}

void twenty_clones(Bank& bank, const char* name) {
  constexpr int count = 20;
  std::vector<provider::Database> made;
  const double took = seconds([&] {
    for (int i = 0; i < count; ++i)
      made.push_back(bank.restore(RestoreType::fast_cloning, fmt::format("clone{}", i)));
  });
  double memory = 0;
  for (const auto& each : made) memory += memory_of(os::fs::canonical(bank.home.instance(each.id) / "data"));
  fmt::print(
      "{}: {} clones of one source, all up, one after the other: {:.1f} s, {:.0f} MiB of memory each\n", name,
      count, took, memory / count);
  for (const auto& each : made) bank.remove(each.id);
}

void clones_of(const char* name, const std::string& family) {
  const tests::Volume volume(fmt::format("{}G", gigabytes() * 3 + 3), "mkfs.xfs -q -m reflink=1");
  if (!volume.good) {
    fmt::print("{}: clones are not measured: needs root, a loop device and mkfs.xfs\n", name);
    return;
  }
  Bank bank(family, volume.path(), 0);
  std::vector<double> small;
  for (int i = 0; i < rounds; ++i) small.push_back(fast_clone(bank));
  fill(bank, family);
  const auto bytes = os::tree_bytes(bank.home.instance(bank.source));

  std::vector<double> ours, theirs, busy, stalls;
  for (int i = 0; i < rounds; ++i) {
    ours.push_back(fast_clone(bank));
    theirs.push_back(engines_copy(bank, family));
  }
  const double start = bare_start(bank, family);
  const auto free_before = os::free_bytes(volume.path());
  const auto kept = bank.restore(RestoreType::fast_cloning, "kept");
  const auto extra = free_before - std::min(free_before, os::free_bytes(volume.path()));
  bank.remove(kept.id);
  bank.write(4);
  for (int i = 0; i < rounds; ++i) {
    std::string method;
    busy.push_back(fast_clone(bank, &method));
    const auto at = method.find("stood still for ");
    stalls.push_back(at == std::string::npos ? 0 : std::atof(method.c_str() + at + 16));
  }
  bank.stop_writing();
  fmt::print(
      "{}: fast clone to first query, source of {}: {:.2f} s idle, {:.2f} s under 4 writers (stalled {:.0f} "
      "ms); of an "
      "empty source {:.2f} s (medians of {})\n",
      name, base::human_bytes(bytes), median(ours), median(busy), median(stalls), median(small), rounds);
  fmt::print(
      "{}: {:.1f} times faster than the engine's own copy ({:.2f} s); {:.1f} times a bare start ({:.2f} s); "
      "{:.1f} % "
      "more disk\n",
      name, median(theirs) / median(ours), median(theirs), median(ours) / start, start,
      100.0 * static_cast<double>(extra) / static_cast<double>(bytes));
  twenty_clones(bank, name);
}

}  // namespace

void clones() {
  clones_of("mariadb", "mariadb");
  clones_of("postgres", "postgres");
}
