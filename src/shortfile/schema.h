// What is generated from the entries: for editors, and for people.
#pragma once

#include <string>

#include "base/json.h"

namespace shortfile {

/// A JSON Schema (2020-12) of short files. It takes what check() takes, and refuses what that refuses, but
/// for what a schema cannot say: that a time exists, and is not to come.
base::Json schema();

/// The reference, as Markdown.
std::string reference();

}  // namespace shortfile
