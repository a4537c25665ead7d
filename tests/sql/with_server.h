// A server of each family for a test.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "provider/local/server.h"
#include "sql/script.h"
#include "tests/port.h"
#include "tests/temporary.h"

namespace tests {

class WithServer {
 public:
  explicit WithServer(std::string family) : family_(std::move(family)) {
    server_->initialise(base::Json::object(), budget());
    server_->configure(true, base::Json::object());
    server_->start_first("", budget());
  }
  WithServer(const WithServer&) = delete;
  WithServer& operator=(const WithServer&) = delete;
  ~WithServer() { server_->kill(budget()); }

  base::Budget budget() {
    return {clock, clock.now() + std::chrono::minutes(1), {}, [](const base::Note&) {}};
  }
  bool is_postgres() const { return family_ == "postgres"; }
  provider::local::Server& server() { return *server_; }
  const os::fs::path& folder() const { return folder_.path(); }
  int port() const { return port_; }
  std::unique_ptr<sql::Connection> session() { return server_->administrate(); }
  void run(sql::Connection& session, const std::string& text) { run(session, text, budget()); }
  void run(sql::Connection& session, const std::string& text, const base::Budget& within) {
    sql::run_script(session, "script", sql::parse_script(text, family_), within,
                    [](const sql::StatementDone&) {});
  }

  base::SystemClock clock;

 private:
  std::string family_;
  Temporary folder_;
  provider::local::Home home_ = provider::local::open_home(folder_.path());
  int port_ = any_port();
  std::unique_ptr<provider::local::Server> server_ =
      provider::local::make_server(home_, family_, "db-one", port_);
};

}  // namespace tests
