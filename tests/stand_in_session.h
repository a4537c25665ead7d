// A session that no server is behind: tests say what it answers.
#pragma once

#include "sql/connection.h"

namespace tests {

/// All but execute().
class StandInSession : public sql::Connection {
 public:
  std::string quote(std::string_view text) override { return "'" + std::string(text) + "'"; }
  std::string quote_name(std::string_view name) override { return "`" + std::string(name) + "`"; }
  std::string password_hash(const std::string&, const base::Secret&) override { return "*"; }
  bool encrypted() const override { return true; }
  bool in_transaction() const override { return false; }
  bool try_lock(std::string_view, std::chrono::seconds) override { return true; }
};

}  // namespace tests
