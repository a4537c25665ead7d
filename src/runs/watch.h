// How the targets of a home are, for whoever watches them: how old the data is that they show, and what
// became of their last runs. Servers are not looked at.
#pragma once

#include <chrono>

#include "refresh/recipients.h"
#include "runs/world.h"

namespace runs {

/// As monitoring plugins have it; the numbers are their exit codes.
enum class Health { ok = 0, warning = 1, critical = 2, unknown = 3 };
std::string_view to_string(Health health);
Health health_of(const base::Json& status);  ///< of an answer's `status`
/// The one that counts: what is not known may hide a warning, and hides nothing critical.
Health worse(Health one, Health other);

/// A target that is to be looked at.
struct Watched {
  std::string target;                           ///< NAME, or KIND/NAME; "" where its file does not say
  std::string instance;                         ///< what the ledger calls it
  std::optional<std::chrono::seconds> max_age;  ///< nothing: its data may be of any age
  std::string file = {};                        ///< that says so; "": none
  std::string fault = {};                       ///< what is wrong with the file
  refresh::Recipients recipients = {};          ///< whom the file wants to hear of it
};

/// What people name: refresh files, folders of such, and names of targets; `max_age` overrides what files
/// say. Throws as refresh_files().
std::vector<Watched> watched_of(const std::vector<std::string>& words,
                                std::optional<std::chrono::seconds> max_age, base::Time now);

/// docs/json.md, `check`. Of a target of which no run is known nothing is known: that is never ok. Without
/// any of `watched`: all targets of the home's runs and ledger, and what was refused in the last day;
/// `max_age` is theirs.
base::Json check_view(Books& books, const std::vector<Watched>& watched,
                      std::optional<std::chrono::seconds> max_age, base::Time now);

/// Of each target of `view` that is late and has a file, what its recipients are to hear: once for the data
/// that it shows, by the id of the message.
std::vector<provider::Message> late_messages(const base::Json& view, const std::vector<Watched>& watched);

}  // namespace runs
