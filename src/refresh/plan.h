// The plan of a refresh: what it would do, and everything that would keep it from working.
#pragma once

#include "refresh/file.h"
#include "refresh/retry.h"

namespace refresh {

struct Plan {
  std::vector<Problem> problems;   ///< paths are those of the file; warnings included
  std::vector<std::string> notes;  ///< what a person should know, e.g. what stands for the engine here
  Json pins =
      Json::object();      ///< ids: {source, old, old_members, old_replicas, kept}; the guard goes by them
  std::string old_status;  ///< of the database that will be replaced, "" if there is none
  bool ok() const;
};

/// What a step's plan() sees and adds to. The steps come in the order of the work, each with what those
/// before it have found.
struct Planning {
  const Json& names;
  const Facts& facts;
  provider::Services& services;
  std::string run;             ///< the run that plans, whose own leftovers are no problem; "" for none
  std::optional<Retry> retry;  ///< what it goes on with; nothing: it makes a copy

  std::string key;               ///< of the step that plans now
  const Json* member = nullptr;  ///< its member, normalised; nullptr if it does not run
  std::optional<provider::Database> source, old;
  provider::Intent intent;                                  ///< what the host is asked about, in the end
  std::map<provider::Objection::About, std::string> paths;  ///< where the file says what is objected to
  /// Where the file says a field of a Shape, or of the writer's.
  std::map<std::string, std::string> shape_paths;
  Plan plan;
  std::string
      replicas_stay;  ///< where the file says that those of the old database are not deleted; "": nowhere

  bool is_cluster() const { return names.at("kind") == "cluster"; }
  provider::Kind kind() const { return is_cluster() ? provider::Kind::cluster : provider::Kind::instance; }
  std::string path(std::string_view field) const { return "$." + key + "." + std::string(field); }
  void problem_at(std::string path, std::string message, bool warning = false) {
    plan.problems.push_back({0, std::move(path), std::move(message), warning});
  }
  void problem(std::string_view field, std::string message) { problem_at(path(field), std::move(message)); }
  void warning(std::string_view field, std::string message) {
    problem_at(path(field), std::move(message), true);
  }
  const std::string& target_path() { return paths[provider::Objection::About::target]; }
  bool is_ours(const provider::Database& database) const {
    return !run.empty() && provider::tag_of(database, "refresh-run") == run;
  }
  /// A temporary name that is taken, by anything but a leftover of this run.
  void must_be_free(const std::string& temporary, provider::Kind kind);
  /// A secret that is neither there nor written by a step of this file.
  void must_have_secret(std::string_view field);
  /// A secret that the run writes, and that nobody may give another value.
  void must_be_changeable(std::string_view field);
  /// Notes that the secret is not there and will be: its name may be mistyped.
  void tell_if_made(std::string_view field);
};

/// For a step that would delete the database to be replaced, and does not run: set aside it stays, which is
/// warned of. A problem of a cluster, whose instances and itself would have to stay together.
void tell_what_stays(Planning& plan);

/// Reads the world and changes nothing. `members` and `names` are those of a file that is ok(); `run` is the
/// run that plans, whose own leftovers are no problem ("" for none).
Plan make_plan(const Json& names, const Json& members, provider::Services& services, const std::string& run,
               const std::optional<Retry>& retry = std::nullopt);

}  // namespace refresh
