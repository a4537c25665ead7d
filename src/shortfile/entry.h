// Every field of a short file, described once: the check, the lowering, the reference and the JSON Schema are
// functions of this list. Most of it is what the steps' own fields say (refresh::Field::brief).
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace shortfile {

enum class Shape {
  section,   ///< members of its own
  sections,  ///< a list of such; its members' paths begin with `<path>[].`
  name,      ///< an identifier of a database
  text,
  integer,
  boolean,
  choice,
  texts,       ///< a list, or one of them
  duration,    ///< duration.h
  moment,      ///< `latest`, moment.h, or {snapshot: ID}
  password,    ///< `generated`, or an object with one of `secret`, `file`, `env`
  statements,  ///< an object: the name of a database, and a statement or a list of them
  masking,     ///< scripts, or an object: what becomes of each database
  members      ///< of the sample's form, by name
};

struct Entry {
  std::string path;  ///< `listen.port`, `replicas[].name`; "" is the file itself
  Shape shape = Shape::text;
  std::string help;        ///< one sentence
  std::string choices;     ///< `a|b`
  std::int64_t least = 0;  ///< for integer
  std::string fallback;    ///< what is meant where it is left out, for people; "": nothing, or it is required
  bool required = false;
  std::string shorthand;  ///< of a section: the member that a value which is no object stands for
};

/// In the order in which people read of them.
std::vector<Entry> entries();

/// Of these, the members of the section with this path.
std::vector<const Entry*> children(const std::vector<Entry>& all, const std::string& path);
/// `port` of `listen.port`.
std::string name_of(const Entry& entry);

}  // namespace shortfile
