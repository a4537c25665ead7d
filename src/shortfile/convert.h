// The sample's form as a short file.
#pragma once

#include "refresh/file.h"

namespace shortfile {

struct Converted {
  nlohmann::ordered_json file;  ///< for dump_yaml(); lowered, it makes the same members
  bool has_password = false;    ///< the sample's file says one: the short one names a file for it
};

/// `document` is a file in the sample's form that is ok(), and `file` what was read of it. What a short file
/// has no word for is under `members`. `password_file` is what the short file calls the file of the password.
Converted convert(const base::Json& document, const refresh::RefreshFile& file,
                  const std::string& password_file);

}  // namespace shortfile
