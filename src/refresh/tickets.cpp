#include "refresh/tickets.h"

#include <fmt/format.h>

#include "base/error.h"
#include "os/random.h"

namespace refresh {
namespace {

constexpr std::size_t name_length = 16;

}  // namespace

// A schema is a database to MySQL and MariaDB.
void Tickets::open() {
  session_.query(fmt::format("CREATE SCHEMA IF NOT EXISTS {}", schema_));
  session_.query(
      fmt::format("CREATE TABLE IF NOT EXISTS {} (unit integer PRIMARY KEY, name varchar(40) NOT "
                  "NULL, state integer NOT NULL)",
                  table_));
}

bool Tickets::are_open() {
  try {
    session_.query(fmt::format("SELECT 1 FROM {} WHERE unit = -1", table_));
    return true;
  } catch (const base::Error& error) {
    if (error.code != "SqlError") throw;
    return false;
  }
}

void Tickets::close() {
  if (are_open()) session_.query(fmt::format("DROP TABLE {}", table_));
  session_.query(fmt::format("DROP SCHEMA IF EXISTS {}", schema_));
}

std::optional<Tickets::Ticket> Tickets::find(std::size_t unit) {
  const auto found = session_.query(fmt::format("SELECT name, state FROM {} WHERE unit = {}", table_, unit));
  if (found.table.empty()) return std::nullopt;
  const auto& row = found.table[0];
  return Ticket{row[0].value_or(""), static_cast<State>(std::stoi(row[1].value_or("0")))};
}

std::string Tickets::issue(std::size_t unit) {
  auto name = os::random_text(name_length);
  session_.query(fmt::format("INSERT INTO {} (unit, name, state) VALUES ({}, '{}', 0)", table_, unit, name));
  return name;
}

std::optional<std::string> Tickets::renew(std::size_t unit, const std::string& name) {
  auto next = os::random_text(name_length);
  const auto changed = session_.query(fmt::format(
      "UPDATE {} SET name = '{}' WHERE unit = {} AND name = '{}' AND state = 0", table_, next, unit, name));
  if (changed.rows != 1) return std::nullopt;
  return next;
}

std::string Tickets::change(const std::string& name, State from, State to) const {
  return fmt::format("UPDATE {} SET state = {} WHERE name = '{}' AND state = {}", table_,
                     static_cast<int>(to), name, static_cast<int>(from));
}

std::string Tickets::take(const std::string& name) const {
  return change(name, State::issued, State::taken);
}

std::string Tickets::finish(const std::string& name) const {
  return change(name, State::taken, State::ended);
}

}  // namespace refresh
