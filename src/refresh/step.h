// A refresh step, described once.
//
// Everything the product knows about a step is a `Step` value in its own file. Validation (member.cpp), the
// state machine document (document.cpp), the reference (reference.cpp), the redaction of secrets and the task
// handlers (tasks.cpp) are functions of these values; their order is in workflow.cpp. No other file names a
// step.
#pragma once

#include <span>
#include <string_view>

#include "refresh/guard.h"

namespace refresh {

using base::Json;
using base::Problem;

/// `field == value`; an empty field name means "always".
struct Condition {
  std::string_view field;
  std::string_view value;
};

enum class Kind { text, identifier, integer, boolean, choice, utc_time, list };
enum class Need { required, optional, forbidden };

/// One input field of a member. `help` is one sentence: it is the documentation.
struct Field {
  std::string_view name;
  Kind kind;
  std::string_view help;
  Need rds = Need::required;      ///< when the step runs with dbservice rds
  Need aurora = Need::required;   ///< … with aurora
  Condition used_if = {};         ///< otherwise it is neither required nor looked at
  std::string_view choices = {};  ///< "a|b", for choice and list
  long least = 0;                 ///< for integer
  bool secret = false;            ///< never logged, journaled or shown
  bool derived = false;  ///< repeated by hand in old files and taken from the database: CHANGE_ME is no fault

  constexpr Field only_rds(Need need = Need::required) const { return needs(need, Need::forbidden); }
  constexpr Field only_aurora(Need need = Need::required) const { return needs(Need::forbidden, need); }
  constexpr Field optional() const {
    return needs(rds == Need::forbidden ? rds : Need::optional,
                 aurora == Need::forbidden ? aurora : Need::optional);
  }
  constexpr Field when(std::string_view field, std::string_view value) const {
    Field copy = *this;
    copy.used_if = {field, value};
    return copy;
  }
  constexpr Field kept_secret() const {
    Field copy = *this;
    copy.secret = true;
    return copy;
  }
  constexpr Field taken_from_database() const {
    Field copy = optional();
    copy.derived = true;
    return copy;
  }
  constexpr Field needs(Need for_rds, Need for_aurora) const {
    Field copy = *this;
    copy.rds = for_rds;
    copy.aurora = for_aurora;
    return copy;
  }
};

constexpr Field text(std::string_view name, std::string_view help) {
  return {.name = name, .kind = Kind::text, .help = help};
}
constexpr Field identifier(std::string_view name, std::string_view help) {
  return {.name = name, .kind = Kind::identifier, .help = help};
}
constexpr Field boolean(std::string_view name, std::string_view help) {
  return {.name = name, .kind = Kind::boolean, .help = help};
}
constexpr Field integer(std::string_view name, long least, std::string_view help) {
  return {.name = name, .kind = Kind::integer, .help = help, .least = least};
}
constexpr Field utc_time(std::string_view name, std::string_view help) {
  return {.name = name, .kind = Kind::utc_time, .help = help};
}
constexpr Field list(std::string_view name, std::string_view help, std::string_view choices = {}) {
  return {.name = name, .kind = Kind::list, .help = help, .choices = choices};
}
constexpr Field choice(std::string_view name, std::string_view choices, std::string_view help) {
  return {.name = name, .kind = Kind::choice, .help = help, .choices = choices};
}

inline constexpr std::string_view engine_choices =
    "aurora|aurora-mysql|aurora-postgresql|mysql|mariadb|postgres|postgresql|oracle|sqlserver";
inline constexpr std::string_view database_families =
    "mysql|mariadb|aurora|aurora-mysql|postgres|postgresql|aurora-postgresql";

enum class Progress { pending, succeeded };

/// What a step may touch: its own validated input, and the world through the guard. Valid during one call.
struct StepContext {
  const Json& input;  ///< the step's member of the file, normalised; an empty object for steps of ours
  const Json& state;  ///< of the whole run: {run, names, members, plan, results}
  Guard& databases;
  provider::Services& services;
  const provider::Budget& budget;
  bool maybe_happened = false;   ///< an earlier attempt began, and nobody knows what came of it
  Json result = Json::object();  ///< what start() adds to the history and to `state.results`

  std::string run() const { return state.at("run"); }
  const Json& names() const { return state.at("names"); }
  bool has_member(std::string_view key) const { return state.at("members").contains(key); }
};

/// The published names of a step's states. They are data because they follow no rule: "stop-old-database" is
/// followed by "wait-shutdown". A step that is done when start() returns has no more than its first one.
struct StateNames {
  std::string_view start, wait = {}, check = {}, outcome = {};
};

enum class Stage { pre_restore, restore, post_restore };

struct Step {
  std::string_view key;  ///< its member of the refresh file, or, for a step of ours, of `state.results`
  bool in_file = true;   ///< false: a step of ours, which always runs
  Stage stage = Stage::post_restore;
  StateNames states;
  std::string_view summary;  ///< one sentence
  std::span<const Field> fields = {};
  std::string_view checktodo = {};  ///< what the member's `check` must say
  std::string_view choice_state =
      {};                   ///< the name of the state that decides whether it runs; default: choose-<start>
  bool cancellable = true;  ///< false: goes on although the run is to be cancelled
  bool report = false;      ///< its failure never changes the outcome of the run
  int deadline_minutes = 60;
  /// What the member's `check` must say beyond repeating the member's own fields.
  Json (*expected_check)(const Json& member) = nullptr;
  /// Rules between fields of the member; paths are relative to it (".engine"). Sees a member without
  /// problems.
  std::vector<Problem> (*rules)(const Json& member) = nullptr;

  /// Begins, or does, the work. Runs again after a crash, so it looks before it acts.
  void (*start)(StepContext&) = nullptr;
  /// Read-only: has what start() asked for come about? Throws base::Error when it cannot any more.
  Progress (*check)(StepContext&) = nullptr;
  /// Takes back what start() did, if it did it; called again until it has succeeded.
  Progress (*undo)(StepContext&) = nullptr;
};

/// True if the description holds together; every step file asserts it at compile time.
constexpr bool well_formed(const Step& step) {
  auto has_field = [&](std::string_view name) {
    if (name.empty() || name == "dbservice") return true;
    for (const Field& field : step.fields)
      if (field.name == name) return true;
    return false;
  };
  for (const Field& field : step.fields)
    if (!field.help.ends_with('.') || !has_field(field.used_if.field)) return false;
  return step.summary.ends_with('.') && step.start != nullptr && !step.states.start.empty() &&
         (step.check == nullptr) == step.states.check.empty();
}

/// Every problem of one member that runs, not just the first. `where` is `$.<key>`.
std::vector<Problem> validate_member(const Step& step, const Json& member);
/// The member with typed values: booleans, integers, lists; unused fields and `check` left out.
Json normalise_member(const Step& step, const Json& member);
/// `"true"`, `"False"`, true … as a boolean; nothing for anything else.
std::optional<bool> as_boolean(const Json& value);
/// Integers also as strings of digits.
std::optional<std::int64_t> as_integer(const Json& value);

}  // namespace refresh
