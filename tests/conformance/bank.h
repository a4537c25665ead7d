// A bank that moves money while it is copied: the sum never changes, and what it acknowledged is never lost.
#pragma once

#include <atomic>
#include <thread>

#include "tests/conformance/host.h"

namespace tests {

inline const base::Secret bank_password("money moves");

/// A home with one source, `bank`. Everything goes with it, servers and all.
class Bank : public Host {
 public:
  static constexpr int accounts = 50;
  static constexpr int total = accounts * 100;

  Bank(const std::string& engine, const os::fs::path& root, int retention_days = 7) : Host(root) {
    source = databases
                 .create_new({.name = "bank",
                              .engine = engine,
                              .master_password = bank_password,
                              .db_name = "bank",
                              .retention_days = retention_days},
                             budget())
                 .id;
    const auto session = databases.login(source, bank_password, "");
    session->query("CREATE TABLE account (id INT PRIMARY KEY, balance INT NOT NULL)");
    session->query("CREATE TABLE done (writer INT, id INT, PRIMARY KEY (writer, id))");
    for (int i = 0; i < accounts; ++i)
      session->query("INSERT INTO account VALUES (" + std::to_string(i) + ", 100)");
  }
  ~Bank() { stop_writing(); }

  /// Transfers until stop_writing(); returns when all `writers` work.
  void write(int writers = 1) {
    for (int writer = 0; writer < writers; ++writer)
      writers_.emplace_back([this, writer](const std::stop_token& stop) { transfer(writer, stop); });
    while (acknowledged < 20 * writers) clock.sleep_until(clock.now() + std::chrono::milliseconds(5), {});
  }
  void stop_writing() { writers_.clear(); }

  provider::Database restore(provider::RestoreType type, const std::string& name,
                             const std::string& snapshot = "",
                             std::optional<base::Time> time = std::nullopt) {
    last_restored =
        restore({.source = source, .name = name, .type = type, .time = time, .snapshot = snapshot});
    return last_restored.database;
  }
  using Host::restore;

  int number(const provider::Database& of, const std::string& query) {
    make_so(of.id, {.master_password = base::Secret("copy")});
    return std::stoi(databases.login(of.id, base::Secret("copy"), "")->scalar(query).value_or("-1"));
  }
  int sum(const provider::Database& of) { return number(of, "SELECT SUM(balance) FROM account"); }
  int transfers(const provider::Database& of) { return number(of, "SELECT COUNT(*) FROM done"); }

  void wait_for_next_second() {
    clock.sleep_until(std::chrono::ceil<std::chrono::seconds>(clock.now()) + std::chrono::milliseconds(10),
                      {});
  }

  std::string source;
  provider::Restored last_restored;
  std::atomic<int> acknowledged = 0;  ///< transfers that were committed for certain

 private:
  void transfer(int writer, const std::stop_token& stop) {
    const auto session = databases.login(source, bank_password, "");
    for (int i = 1; !stop.stop_requested(); ++i) {
      // In the order of the accounts, so that writers never wait for one another in a circle.
      const int from = (i * 31 + writer) % accounts, to = (i * 7 + 3 * writer) % accounts;
      session->query("BEGIN");
      for (const int account : {std::min(from, to), std::max(from, to)})
        session->query("UPDATE account SET balance = balance " +
                       std::string(account == from ? "- 1" : "+ 1") +
                       " WHERE id = " + std::to_string(account));
      if (from == to)
        session->query("UPDATE account SET balance = balance + 2 WHERE id = " + std::to_string(to));
      session->query("INSERT INTO done VALUES (" + std::to_string(writer) + ", " + std::to_string(i) + ")");
      session->query("COMMIT");
      ++acknowledged;
    }
  }
  std::vector<std::jthread> writers_;
};

}  // namespace tests
