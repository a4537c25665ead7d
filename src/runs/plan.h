// A refresh file with its plan: everything that is known before a run begins.
#pragma once

#include "refresh/file.h"
#include "refresh/plan.h"
#include "runs/world.h"

namespace runs {

/// The end of the id of a run that is planned, and so of the names that the run would make up.
inline constexpr const char* rehearsed_run_end = "xxxxxx";

/// What somebody asks for.
struct Request {
  std::string path;          ///< of the refresh file
  bool keep_failed = false;  ///< if the run fails, its copy is kept, closed
  std::string unmasked;      ///< why a run that masks nothing is made all the same; "": it is refused
  std::optional<base::Time> now = {};          ///< what the file's times are of; nothing: when it is read
  std::vector<base::Problem> objections = {};  ///< what is wrong with it beside other files or runs
  std::optional<refresh::Retry> retry = {};    ///< what it goes on with; nothing: it makes a copy
};

/// What a run would ask for, rehearsed.
struct Rehearsed {
  base::Json calls = base::Json::array();  ///< as StandIn::calls()
  std::vector<std::string> gaps;           ///< which states could not be rehearsed, and why
};

struct Planned {
  std::string path;  ///< of the file
  refresh::RefreshFile file;
  refresh::Plan plan;                   ///< empty if the file is not valid
  std::vector<base::Problem> problems;  ///< of both, with lines; warnings included
  std::string unmasked;                 ///< why nothing is masked; "" if scripts mask the copy
  bool keep_failed = false;             ///< as the request or the file says
  std::optional<refresh::Retry> retry;  ///< as the request says
  std::optional<Rehearsed> rehearsed;   ///< nothing: it was not, or there is no such thing here
  base::Json estimate;                  ///< as estimate.h; null: nobody asked
  base::Json extra;                     ///< as extra.h; null: nobody asked
  bool ok() const;
};

/// What a run is about, in the journal: `instance/mysqlinstd`, after the place of a world that is not here.
std::string target_of(World& world, const refresh::Names& names);

/// The file alone, of either form; `now` is what its `-15m` and `yesterday` are of. Never throws for what is
/// in it; one that cannot be read has that as its problem.
Planned read_refresh_file(const std::string& path, base::Time now);

/// Reads the world, and changes nothing. A file that masks nothing is refused unless somebody said why: the
/// request, or `allowUnmasked` in settings.json. Throws AccountRefused (account_refusal.h) where the account
/// does not let us look.
Planned make_plan(World& world, const Request& request);

/// Is there no error among them, warnings aside?
bool all_warnings(const std::vector<base::Problem>& problems);

/// Of problems, for machines: `[{file, line, path, message, severity}]`.
base::Json problems_view(const std::string& path, const std::vector<base::Problem>& problems);
/// `{file, kind, source, target, temporary, exists, masked, unmaskedReason, notes, steps, calls, gaps,
/// estimate, extra, problems}`; of a file that is not valid all but `file`, `notes`, `gaps` and `problems`
/// are null.
base::Json plan_view(const Planned& planned);

}  // namespace runs
