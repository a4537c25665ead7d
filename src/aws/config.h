// The AWS CLI's configuration: environment, `~/.aws/config`, `~/.aws/credentials` (AWS CLI User Guide,
// "Configuration and credential file settings").
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace aws {

using Environment = std::map<std::string, std::string, std::less<>>;
/// What stands in a section: nested settings as "outer.inner".
using Section = std::map<std::string, std::string, std::less<>>;

/// "" for what is not there.
std::string value_of(const std::map<std::string, std::string, std::less<>>& values, std::string_view name);

/// The sections of a file, by their headings ("profile prod"). Throws base::Error{"InvalidConfig"} with file
/// and line, which is not shown: it may hold a key.
std::map<std::string, Section, std::less<>> parse_sections(std::string_view text, const std::string& file);

/// Both files, as they are now.
class ConfigFiles {
 public:
  /// Files that are not there are empty. Throws as parse_sections(), and FileError.
  explicit ConfigFiles(const Environment& environment);

  /// A profile's settings, those of the credentials file first; null if neither file has it.
  const Section* profile(std::string_view name) const;
  const Section* sso_session(std::string_view name) const;
  const Section* services(std::string_view name) const;
  /// `~/.aws`, where caches are.
  const std::string& folder() const { return folder_; }

 private:
  const Section* find(const std::string& heading) const;

  std::string folder_;
  std::map<std::string, Section, std::less<>> sections_;  ///< "profile default", "sso-session x", …
};

/// What was decided before anything is called.
struct Config {
  Environment environment;
  ConfigFiles files{environment};
  std::string profile = "default";
  bool profile_was_asked_for = false;  ///< by a person: then keys in the environment do not count
  std::string region;                  ///< "" where nothing says one

  /// A setting of the environment or, where that is "", of the profile.
  std::string setting(std::string_view variable, std::string_view member) const;
};

}  // namespace aws
