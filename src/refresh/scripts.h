// What the two ways of running scripts have in common: in this process (run_scripts.cpp), and elsewhere.
#pragma once

#include "refresh/step.h"

namespace refresh {

/// One script in one database ("": the initial one), or a database to be dropped (no script).
struct Unit {
  std::string schema, script;
};

/// What is to be done, in its order.
std::vector<Unit> units(const Facts& facts);
/// The family that the scripts are written for: the member says its engine, or they are for `engine`'s.
std::string scripts_family(const Json& member, const std::string& engine);
/// The object of a script in the member's bucket.
std::string object_of(const Json& member, const std::string& key);
/// The text of a script of the member `runscripts`.
std::string text_of(provider::Services& services, const Json& member, const std::string& key);

/// A session that holds the lock of the scripts (marks.h); nothing if another one does. No longer than the
/// call may take, and a little.
std::unique_ptr<sql::Connection> lock_scripts(StepContext& step, const std::string& copy);
/// Nobody knows how far the scripts came on this copy: it goes, and the document makes another one. Throws
/// ScriptsInterrupted once it is gone, ScriptsKeepBreaking for the last of many copies.
Work<Done> throw_away(StepContext& step, const std::optional<provider::Database>& copy);
inline constexpr std::string_view scripts_interrupted = "ScriptsInterrupted";

/// The result of one script; nothing where there are many: results are part of the run's state, which is
/// bounded.
Json* add_script_result(StepContext& step, const Unit& unit);

/// The step's advance where the scripts run on a host beside the database, and what takes it back.
Work<Done> run_scripts_elsewhere(StepContext& step);
void call_scripts_off(StepContext& step);

}  // namespace refresh
