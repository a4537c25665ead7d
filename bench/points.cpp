#include "bench/points.h"

#include <fmt/format.h>

#include "base/text.h"
#include "bench/measure.h"
#include "tests/conformance/bank.h"
#include "tests/port.h"

namespace {

using tests::Bank;
namespace local = provider::local;

constexpr int rounds = 3;

void run(Bank& bank, const std::string& line, const std::string& password = "") {
  os::run_or_throw({.argv = {"/bin/bash", "-o", "pipefail", "-c", line},
                    .user = *os::owner_of(bank.home.instance(bank.source)),
                    .environment = {"TZ=UTC", "MYSQL_PWD=" + password}},
                   bank.clock, bank.clock.now() + std::chrono::minutes(20), {});
}

/// recovery.signal and restore_command, as the manual has it (26.3.5).
void replay_by_hand_postgres(Bank& bank, const local::Server& peer, base::Time until) {
  peer.configure(false, base::Json::object());
  const auto source = bank.home.instance(bank.source), archive = bank.home.archive(bank.source);
  run(bank,
      fmt::format("cd {0} && touch data/recovery.signal && printf '%s\\n' \"restore_command = 'cp {1}/%f %p "
                  "|| cp {2}/data/pg_wal/%f %p'\" \"recovery_target_time = '{3}+00'\" "
                  "\"recovery_target_action = 'promote'\" >> server.cnf",
                  peer.folder().string(), archive.string(), source.string(), base::ledger_utc(until)));
  peer.start(bank.budget());
  while (peer.administrate()->scalar("SELECT pg_is_in_recovery()") != "f")
    bank.clock.sleep_until(bank.clock.now() + std::chrono::milliseconds(5), {});
}

/// mariadb-binlog and the client.
void replay_by_hand_mariadb(Bank& bank, const local::Server& peer, const local::Snapshot& base,
                            base::Time until) {
  peer.configure(false, base::Json::object());
  peer.start_first("", bank.budget());
  std::string files;
  const auto data = bank.home.instance(bank.source) / "data";
  for (const auto& entry : os::fs::directory_iterator(data))
    if (entry.path().stem() == "binlog" && entry.path().extension() != ".index" &&
        entry.path().filename() >= base.position.at("file").get<std::string>())
      files += " " + entry.path().string();
  const auto admin = peer.administrator_endpoint();
  run(bank,
      fmt::format("mariadb-binlog --no-defaults --start-position={} --stop-datetime='{}'{} | mariadb "
                  "--no-defaults --user={} --socket={}",
                  base.position.at("offset").get<std::uint64_t>(), base::ledger_utc(until), files, admin.user,
                  admin.socket),
      admin.password.reveal());
}

void points_of(const std::string& family, int transactions) {
  const tests::Temporary folder;
  Bank bank(family, folder.path());
  const auto base = bank.databases.create_snapshot(bank.source, "base", bank.budget());
  bank.write(4);
  while (bank.acknowledged < transactions)
    bank.clock.sleep_until(bank.clock.now() + std::chrono::milliseconds(10), {});
  bank.stop_writing();
  bank.wait_for_next_second();
  const auto until = std::chrono::floor<std::chrono::seconds>(bank.clock.now());
  bank.databases.login(bank.source, tests::bank_password, "")->query("INSERT INTO done VALUES (-1, -1)");

  std::vector<double> ours, theirs;
  int wrong = 0;
  for (int i = 0; i < rounds; ++i) {
    provider::Database made;
    ours.push_back(
        seconds([&] { made = bank.restore(provider::RestoreType::restore_point, "point", "", until); }));
    wrong += bank.transfers(made) == bank.acknowledged ? 0 : 1;
    bank.remove(made.id);
    const auto peer = local::make_server(bank.home, family, "db-peer", tests::any_port());
    const auto account = *os::owner_of(bank.home.instance(bank.source));  // whose files it replays
    auto by_hand = [&](const std::vector<std::string>& command) {
      os::run_or_throw({.argv = command}, bank.clock, bank.clock.now() + std::chrono::minutes(5), {});
    };
    theirs.push_back(seconds([&] {
      by_hand({"cp", "-a", "--reflink=auto", bank.home.snapshot(base.id).string(), peer->folder().string()});
      by_hand({"chown", "-R", fmt::format("{}:{}", account.uid, account.gid), peer->folder().string()});
      if (family == "postgres")
        replay_by_hand_postgres(bank, *peer, until);
      else
        replay_by_hand_mariadb(bank, *peer, base, until);
    }));
    auto there = peer->administrator_endpoint();
    there.database = "bank";
    const auto done = sql::connect(there, std::chrono::seconds(10))->scalar("SELECT COUNT(*) FROM done");
    wrong += done == std::to_string(bank.acknowledged) ? 0 : 1;
    peer->kill(bank.budget());
    os::remove_tree(peer->folder());
  }
  fmt::print(
      "{}: {} transactions restored to a point: {:.2f} s, by hand {:.2f} s, ratio {:.2f} (aim 1.15; medians "
      "of {}), "
      "{} wrong\n",
      family, bank.acknowledged.load(), median(ours), median(theirs), median(ours) / median(theirs), rounds,
      wrong);
}

}  // namespace

void points() {
  points_of("mariadb", 20'000);
  points_of("postgres", 100'000);
}
