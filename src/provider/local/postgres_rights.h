// What roles of a PostgreSQL server may do: nothing outside of its databases, but for our administrator.
#pragma once

#include <string>
#include <vector>

#include "sql/connection.h"

namespace provider::local {

/// As an administrator, whose session it is, whatever the databases' own settings say: no name is looked up
/// where somebody else could have put an object of that name, nothing ends our work early, and we may write.
void protect(sql::Connection& administrator);

/// Executes each statement that `query` answers with. Returns how many there were.
std::size_t execute_each(sql::Connection& session, const std::string& query);

/// `session` is a superuser's in a fresh copy. The first superuser (oid 10) cannot lose that right: it
/// becomes our administrator, and an ordinary role without login gets its old name, its memberships and its
/// settings. Returns that name, "" if the first superuser is ours already. Their objects: hand_over().
std::string become_first(sql::Connection& session);

/// Takes the roles away that reach files and programs, with all memberships: CREATEROLE before PostgreSQL 16
/// may grant every role that there is.
void drop_reaching_roles(sql::Connection& administrator);

/// Makes `master` if it is missing, and gives it the rights of RDS's master.
void make_master(sql::Connection& administrator, const std::string& master);

struct Confined {
  std::size_t locked = 0;   ///< logins other than the master's
  std::size_t demoted = 0;  ///< roles that could replicate, pass row security, or do all
};
/// In a fresh copy, over the whole server: no role but ours is superuser or may replicate or pass row
/// security; none reaches files, programs or parameters of the server; no password of the source is left.
/// Former superusers keep their rights on data.
Confined confine(sql::Connection& administrator, const std::string& master);

struct Settled {
  std::size_t event_triggers = 0;  ///< disabled, here or in the source
  std::size_t triggers = 0;        ///< dropped: their functions are in an untrusted language
  std::size_t functions = 0;       ///< rights on functions that reach outside, taken back
};
/// In a database of a fresh copy, as administrator: what users can call or alter runs with no right of ours.
/// Objects that are ours, but not an extension's, become `heir`'s.
Settled settle(sql::Connection& database, const std::string& heir);
/// Of that: event triggers are disabled, because they run with the rights of whoever alters anything, and
/// our objects handed over.
void hand_over(sql::Connection& database, const std::string& heir);

/// Default privileges of `from` in this database hold for `to` as well.
void share_default_privileges(sql::Connection& database, const std::string& from, const std::string& to);

}  // namespace provider::local
