// A refresh step, described once.
//
// Everything the product knows about a step is a `Step` value in its own file. Validation (member.cpp), the
// state machine document (document.cpp), the reference (reference.cpp), the plan (plan.cpp), the redaction of
// secrets and the task handlers (tasks.cpp) are functions of these values; their order is in workflow.cpp. No
// other file names a step (tests/architecture_test.cpp).
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "refresh/guard.h"

namespace refresh {

using base::Json;
using base::Problem;

/// `field == value`; an empty field name means "always".
struct Condition {
  std::string_view field;
  std::string_view value;
};

enum class Kind { text, identifier, integer, boolean, choice, utc_time, list, decisions, statements };
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
  bool even_if_skipped = false;  ///< must be there although the step does not run
  /// How a short file (shortfile/) says it: the path there, as `listen.port`, or after a colon what is worked
  /// out of the whole of such a file, as `:target`. "": in no way of its own.
  std::string_view brief = {};
  std::string_view fallback = {};  ///< what a short file means that does not say it, as JSON
  bool inherited = false;  ///< what a short file does not say is as with the database replaced, or the source

  constexpr Field as(std::string_view path, std::string_view otherwise = {}) const {
    Field copy = *this;
    copy.brief = path;
    copy.fallback = otherwise;
    return copy;
  }
  /// In a short file it may be left out.
  constexpr Field or_inherited() const {
    Field copy = *this;
    copy.inherited = true;
    return copy;
  }
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
  constexpr Field also_if_skipped() const {
    Field copy = *this;
    copy.even_if_skipped = true;
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
/// An object: the name of a database, and scripts with commas between, `clean` or `drop`.
constexpr Field decisions(std::string_view name, std::string_view help) {
  return {.name = name, .kind = Kind::decisions, .help = help};
}
/// An object: the name of a database, and a statement or a list of them.
constexpr Field statements(std::string_view name, std::string_view help) {
  return {.name = name, .kind = Kind::statements, .help = help};
}
constexpr Field choice(std::string_view name, std::string_view choices, std::string_view help) {
  return {.name = name, .kind = Kind::choice, .help = help, .choices = choices};
}

inline constexpr std::string_view engine_choices =
    "aurora|aurora-mysql|aurora-postgresql|mysql|mariadb|postgres|postgresql|oracle|sqlserver";
inline constexpr std::string_view database_families =
    "mysql|mariadb|aurora|aurora-mysql|postgres|postgresql|aurora-postgresql";

using provider::Done;
using provider::Pending;
using provider::Work;

/// The names of one refresh. `target` is the instance or, for Aurora, the cluster.
struct Names {
  provider::Kind kind = provider::Kind::instance;
  std::string source, target, temp;
  std::string instance, instance_temp;  ///< the writer's names; of an instance, the same as target and temp
};

/// What is to become of one database of the copy before anybody sees it.
struct Decision {
  enum class What { masked, clean, dropped };
  What what = What::masked;
  std::vector<std::string> scripts;  ///< for masked
};

/// What the members of a file say that other steps go by. Each step that runs adds its part, in the order of
/// the work.
struct Facts {
  std::string application, environment, restore_type, snapshot, restore_time;
  std::string master_password;   ///< the run's secret that opens the new database; "": the run makes one up
  std::string published_secret;  ///< gets the new password; "" if none does
  std::string rotated_secret;
  std::optional<provider::SecretStore::Rotation> rotation;  ///< of published_secret, from then on
  bool scripts_elsewhere = false;                           ///< they run on a host beside the database
  std::string scripts_secret;  ///< has the password that the scripts log in with; "" if the run's own has
  /// For the initial database; nothing: none run. Empty: that one is among `databases`.
  std::optional<std::vector<std::string>> scripts;
  std::map<std::string, Decision> databases;                   ///< the other databases of the copy, by name
  std::map<std::string, std::vector<std::string>> assertions;  ///< by the name of their database
};

/// One member that runs, while the file is read as a whole. Members come in the order of the work, each
/// without problems of its own.
struct Reading {
  /// What an earlier member has said, and where, for the later ones to agree with.
  struct Said {
    std::string key, path;
    Json value;
  };

  std::string key;
  const Json& member;
  bool cluster;  ///< dbservice is aurora
  Names& names;
  std::map<std::string_view, Said>& said;
  std::vector<Problem>& problems;

  std::string path(std::string_view field) const { return "$." + key + "." + std::string(field); }
  void problem(std::string_view field, std::string message, bool warning = false) const {
    problems.push_back({0, path(field), std::move(message), warning});
  }
  void say(std::string_view what, std::string_view field, Json value) const {
    said[what] = {key, path(field), std::move(value)};
  }
};

struct Planning;

/// What a step may touch: its own validated input, and the world through the guard. Valid during one call.
struct StepContext {
  const Json& input;  ///< the step's member of the file, normalised; an empty object for steps of ours
  const Json& state;  ///< of the whole run: {run, names, members, plan, results}
  const Facts& facts;
  Guard& databases;
  provider::Services& services;
  const provider::Budget& budget;
  std::string key;  ///< the step's
  /// What the step tells: it becomes `state.results.<key>`, whether the step is done or not. The check state
  /// begins with what the state before it has told, the start state with nothing.
  Json result = Json::object();

  std::string run() const { return state.at("run"); }
  const Json& names() const { return state.at("names"); }
  bool has_member(std::string_view member) const { return state.at("members").contains(member); }
  /// Names one request of this step in this run, for whoever asks again.
  std::string token(const std::string& part = {}) const {
    return run() + "/" + key + (part.empty() ? "" : "/" + part);
  }
};

/// The published names of a step's states. They are data because they follow no rule: "stop-old-database" is
/// followed by "wait-shutdown". A step that is always done at once has no more than its first one.
struct StateNames {
  std::string_view start, wait = {}, check = {}, outcome = {};
};

enum class Stage { pre_restore, restore, post_restore };

/// What a step's calls may do, where whoever makes them has no more rights than they need: a function of AWS
/// Lambda for each of these (document.h).
enum class Right {
  look,    ///< at everything, and change nothing
  change,  ///< make, change and delete databases and secrets
  sql,     ///< log in to databases, in their network; and change those that are there
  report   ///< write the ledger, and tell people
};

/// Whether a file must have a step run, by dbservice, and why.
struct Presence {
  Need rds = Need::optional, aurora = Need::optional;
  std::string_view why = {};
};

struct Step {
  std::string_view key;  ///< its member of the refresh file, or, for a step of ours, of `state.results`
  bool in_file = true;   ///< false: a step of ours, which always runs
  Stage stage = Stage::post_restore;
  StateNames states;
  std::string_view summary;  ///< one sentence
  std::span<const Field> fields = {};
  std::string_view checktodo = {};  ///< what the member's `check` must say
  /// What a short file says that asks for the step, as Field::brief; "": each one does.
  std::string_view asked_by = {};
  Presence presence = {};
  bool makes_names = false;  ///< its fields dbinstance and cluster say names, they do not repeat them
  std::string_view choice_state =
      {};                   ///< the name of the state that decides whether it runs; default: choose-<start>
  bool cancellable = true;  ///< false: goes on although the run is to be cancelled
  bool always = false;      ///< runs without its member too
  bool stays =
      false;  ///< done too for a new database that stays although the run fails: what users need of it
  bool report = false;  ///< its failure never changes the outcome of the run; always runs
  bool heavy = false;   ///< its call lasts as long as its work does
  Right right = Right::change;
  /// What somebody can mend meanwhile, a full disk or a port that another program has, it waits for, as for
  /// anything that is not there yet: until its deadline, or, without a check state, as often as a call is
  /// repeated.
  bool insists = false;
  /// The error after which the run goes back to the stage `restore` with a new copy.
  std::string_view restores_again_on = {};
  int deadline_minutes = 60;
  /// What the member's `check` must say beyond repeating the member's own fields.
  Json (*expected_check)(const Json& member) = nullptr;
  /// Rules between fields of the member; paths are relative to it (".engine"). Sees a member without
  /// problems.
  std::vector<Problem> (*rules)(const Json& member) = nullptr;
  /// Its part of the file as a whole: names, and what members must agree on.
  void (*read)(Reading&) = nullptr;
  /// Its part of what the other steps go by. `member` is normalised.
  void (*tell)(const Json& member, Facts&) = nullptr;
  /// Finds what would keep it from working, and changes nothing. Called whether it runs or not.
  void (*plan)(Planning&) = nullptr;

  /// Looks at the world and does what is missing; asked again until it is done. Nothing is remembered between
  /// two calls but what the state of the run holds: an attempt of which nobody knows what came of it is
  /// simply begun again.
  Work<Done> (*advance)(StepContext&) = nullptr;
  /// The same for taking back what advance() did, if it did it.
  Work<Done> (*undo)(StepContext&) = nullptr;
};

/// Runs in every run, whatever its file says.
constexpr bool runs_always(const Step& step) {
  return !step.in_file || step.always || step.report;
}

/// True if the description holds together; every step file asserts it at compile time. (Its functions are
/// named ones: under -fsanitize=undefined g++ takes no lambda's address for a constant.)
constexpr bool well_formed(const Step& step) {
  auto has_field = [&](std::string_view name) {
    if (name.empty() || name == "dbservice") return true;
    for (const Field& field : step.fields)
      if (field.name == name) return true;
    return false;
  };
  for (const Field& field : step.fields)
    if (!field.help.ends_with('.') || !has_field(field.used_if.field)) return false;
  return step.summary.ends_with('.') && step.advance != nullptr && !step.states.start.empty() &&
         step.states.check.empty() == step.states.wait.empty();
}

/// Who wrote a file's members: people, in the sample's form; or we, out of a short file, where what is
/// inherited may be missing.
enum class Dialect { sample, lowered };

/// For a step whose member says a password: nothing sets it where no step before has said one, and the run
/// makes one up.
void warn_of_unused_password(const Reading& reading);

/// Every problem of one member that runs, not just the first. `where` is `$.<key>`.
std::vector<Problem> validate_member(const Step& step, const Json& member, Dialect dialect = Dialect::sample);
/// Of a field, with the member's dbservice.
Need need_of(const Field& field, const Json& member);
/// The member with typed values: booleans, integers, lists; unused fields and `check` left out.
Json normalise_member(const Step& step, const Json& member);
/// `"true"`, `"False"`, true … as a boolean; nothing for anything else.
std::optional<bool> as_boolean(const Json& value);
/// Integers also as strings of digits.
std::optional<std::int64_t> as_integer(const Json& value);

}  // namespace refresh
