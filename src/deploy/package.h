// What a stack is made of, as its bucket has it: templates/, functions/ and sqlscripts/.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "os/files.h"

namespace deploy {

/// Where the parts are that do not come from this program: templates, the functions' packages, the
/// certificates of RDS, example scripts. "" each: where a build, or Debian's package, has them.
struct Parts {
  std::string templates, functions, certificates, scripts;
};

/// Files of a bucket, by their keys, and the name of this state of them: functions and state machine have it
/// in their names, because CloudFormation takes the same name for the same content.
struct Package {
  std::string release;
  std::map<std::string, std::string> files;
  std::vector<std::string> architectures;  ///< for which there is a function: "x86_64", "arm64"
};

/// The same parts give the same package. Throws FileNotFound where one is missing, and says how it is made.
Package make_package(const Parts& parts);

/// Writes it below a folder, which need not be there yet. Files that are there already are replaced.
void write(const Package& package, const os::fs::path& folder);

/// Templates' names, whose parts have those of the original.
inline constexpr const char* global_template = "templates/awssoldb_global.template";

}  // namespace deploy
