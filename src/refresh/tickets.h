// Leave to run one script each, on the copy that it is run on.
#pragma once

#include "refresh/marks.h"
#include "sql/connection.h"

namespace refresh {

/// Who runs scripts elsewhere may be asked twice, or begin when nobody waits for it any more. So each order
/// has a ticket: a row of a table of the copy's own, which a session of ours writes before the order is
/// given, and which whoever carries it out takes, in one statement that changes one row or none, before the
/// first statement of the script. A ticket is for one order; the next order of the same script gets another
/// one, and can only get it where the one before was not taken. The statements are those of both families.
/// The table is in a schema of the run's own, so that nothing which the source has is taken for it, and goes
/// before anybody else sees the copy. The session must outlive this; errors are its own.
class Tickets {
 public:
  enum class State { issued, taken, ended };
  struct Ticket {
    std::string name;
    State state = State::issued;
  };

  /// `run` is the end of its id, letters and digits.
  Tickets(sql::Connection& session, const std::string& run)
      : session_(session), schema_("dbrefresh_tickets_" + run), table_(schema_ + ".tickets") {}
  /// One that is there is left as it is.
  void open();
  /// Is the table there? Where not, nobody can take anything.
  bool are_open();
  /// The table goes, and its schema.
  void close();

  std::optional<Ticket> find(std::size_t unit);
  /// The first one of a unit; throws SqlError if it has one.
  std::string issue(std::size_t unit);
  /// Another one in its place; nothing if it was taken.
  std::optional<std::string> renew(std::size_t unit, const std::string& name);

  /// What whoever carries out an order says, of one row each.
  std::string take(const std::string& name) const;
  std::string finish(const std::string& name) const;

 private:
  std::string change(const std::string& name, State from, State to) const;

  sql::Connection& session_;
  std::string schema_, table_;
};

}  // namespace refresh
