// Tags of ours on a database: what somebody who remembers nothing must know of it. People do not see them.
#pragma once

#include "provider/aws/service.h"
#include "provider/provider.h"

namespace provider::aws {

/// Values keep to what tags may hold: letters, digits, spaces and _ . : / = + - @, at most 256 of them.
namespace labels {
inline constexpr std::string_view prefix = "dbrefresh:";
inline constexpr const char* token = "dbrefresh:token";            ///< of the request that made it
inline constexpr const char* data_time = "dbrefresh:data-time";    ///< the moment that its data shows
inline constexpr const char* copied = "dbrefresh:copied";          ///< the snapshot that was copied for it
inline constexpr const char* method = "dbrefresh:method";          ///< how it was made
inline constexpr const char* quarantine = "dbrefresh:quarantine";  ///< the group that it is closed by
inline constexpr const char* groups = "dbrefresh:groups";          ///< what it has while it is open …
inline constexpr const char* logs = "dbrefresh:logs";
inline constexpr const char* open = "dbrefresh:open";  ///< "protection=true retention=7 backups=03:00-03:30"
inline constexpr const char* publicly = "dbrefresh:public";  ///< "true" where it is publicly accessible then
inline constexpr const char* password =
    "dbrefresh:password";  ///< which change of it was asked for, and when or "reset"
inline constexpr const char* unreached = "dbrefresh:unreached";  ///< since when no session came about
inline constexpr const char* logins = "dbrefresh:logins";        ///< "locked" once all but the master's are
inline constexpr const char* renewed =
    "dbrefresh:renewed";  ///< the number of tables whose statistics are of the time after the scripts
}  // namespace labels

/// A label of an instance or a cluster, "" if it has none.
std::string label(const Json& database, std::string_view name);
/// Its tags without our labels.
Tags tags_of(const Json& database);
/// People's own tags of a database that is replaced: owner, cost centre, backup plan. Those of refreshes and
/// of AWS are not theirs; and a database has room for fifty, ours among them.
struct PeoplesTags {
  Tags carried;
  std::vector<std::string> left_out;  ///< by name
};
PeoplesTags peoples_tags(const Json& database);
/// As AWS takes it: ASCII characters that a tag may not have (all but letters, digits, spaces and _.:/=+-@)
/// are spaces, and it ends after 256 (Amazon RDS User Guide, "Tagging Amazon RDS resources").
std::string tag_value(std::string_view text);
/// As a TagList.
Json tag_list(const Tags& tags);

/// What a database has while users may reach it. Kept in labels while they may not.
struct Opening {
  std::vector<std::string> groups, logs;
  bool protection = false;
  std::int64_t retention = 0;        ///< days that automated backups are kept
  std::string backups, maintenance;  ///< the windows, as RDS writes them; "": as RDS chose them
};
Tags opening_labels(const Opening& opening);
/// Nothing where the labels are missing.
std::optional<Opening> opening_of(const Json& database);

}  // namespace provider::aws
