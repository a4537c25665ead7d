// What steps look up again and again: the databases of this run, its secrets, its pins.
#pragma once

#include "refresh/step.h"

namespace refresh {

/// The new database (for Aurora the cluster), found by the tag of the run; nothing if there is none.
std::optional<provider::Database> new_database(StepContext& step);
/// The same; throws DBInstanceNotFound if it is gone.
provider::Database must_have_new(StepContext& step);
/// The new instance: the new database itself, or the cluster's writer.
provider::Database must_have_new_instance(StepContext& step);

/// Before any of the old database is stopped or goes: throws NewDatabaseGone or DatabaseFailed unless the new
/// one has its name, is open, and neither stopped nor broken. Whether anybody may log in by then, we may be
/// the last to know.
void new_must_serve(StepContext& step);

/// The id of the database whose place the new one takes; "" if there was none when the run was planned.
std::string old_id(const StepContext& step);
std::optional<provider::Database> old_database(StepContext& step);
std::vector<std::string> pinned(const StepContext& step, const char* list);
/// What hung on it when the run was planned: a cluster's instances, an instance's read replicas.
std::vector<std::string> old_parts(const StepContext& step);
/// The same, and the old database itself, last. There must be one.
std::vector<std::string> old_whole(const StepContext& step);

/// `<name>-old-<end of the run's id>`, and whether that fits into the 63 characters of a name.
inline constexpr std::size_t longest_target = 52;
std::string set_aside_name(const StepContext& step, const std::string& name);
bool fits_set_aside(const std::string& name);
/// What a copy of a failed run is called that was to be kept, or its instance: `<name>-failed-<end of the
/// run's id>`; of the name as much as fits.
std::string kept_name(const std::string& name, const std::string& run);
bool is_kept_name(const std::string& name, const std::string& run);
/// The end of a run's id, which tells apart what several runs leave.
std::string short_run(const StepContext& step);

provider::Kind kind_of(const StepContext& step);

/// Work that is not done, and what it waits for.
Pending wait_for(std::string what);
/// A verb's answer, without what it answers.
template <class T>
Work<Done> done_if(const Work<T>& work) {
  if (const auto* pending = std::get_if<Pending>(&work)) return *pending;
  return Done{};
}
/// All of them asked, one after the other; not done as long as one of them is not.
template <class Items, class Ask>
Work<Done> done_if_all(const Items& items, Ask ask) {
  Work<Done> all = Done{};
  for (const auto& each : items)
    if (const auto work = ask(each); const auto* pending = std::get_if<Pending>(&work)) all = *pending;
  return all;
}

/// True once a database of ours is ready. Throws `DatabaseFailed` for a terminal status, and for `stopped`:
/// nobody stopped it.
bool is_ready(const provider::Database& database);

/// Does this password open the new database by now? A change of a password comes late.
bool opens(StepContext& step, const base::Secret& password);

/// A secret of the file, by "member.field"; kept encrypted for the run. Throws SecretNotFound.
base::Secret run_secret(StepContext& step, const std::string& field);
/// Where the run's secrets are kept in the secret store.
std::string run_secret_name(const std::string& run);
/// What a secret looked like before this run wrote it: kept so that it can be put back.
void remember_secret(StepContext& step, const std::string& name);
void put_secret_back(StepContext& step, const std::string& name);
/// The same for how it was rotated regularly; of a secret that is there.
void remember_rotation(StepContext& step, const std::string& name);
void put_rotation_back(StepContext& step, const std::string& name);

/// A new version of a secret that readers do not see yet, the one before it remembered.
void write_secret(StepContext& step, const std::string& name, const base::Secret& value);

/// The password of a secret that is there, or that this run has written and not published yet. Throws
/// SecretNotFound or SecretInvalid.
base::Secret password_in_secret(StepContext& step, const std::string& name);
/// The password that the scripts log in with.
base::Secret scripts_password(StepContext& step);
/// The password that the new master user gets: the file's, or one that the run makes up, and keeps, when it
/// is first asked for.
base::Secret master_password(StepContext& step);
/// The secret that shows a password which the run makes up: `dbrefresh/master/<target>`; "" where another
/// one of the file does, or the file says the password.
std::string shown_secret_name(const Facts& facts, const Json& names);
/// Whether the run makes the master's password up.
bool makes_password_up(const StepContext& step);

/// The JSON of a database secret, as the rotation functions of AWS use it.
base::Secret secret_value(StepContext& step, const base::Secret& password);
/// Removes a database of ours, its instances before it.
Work<Done> remove_whole(StepContext& step, const provider::Database& database);

/// What any step's result says under this name; null if none does.
Json told(const StepContext& step, std::string_view name);
/// The same of the state of a run.
Json told(const Json& state, std::string_view name);

}  // namespace refresh
