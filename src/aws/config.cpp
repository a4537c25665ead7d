#include "aws/config.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "os/files.h"

namespace aws {
namespace {

using Sections = std::map<std::string, Section, std::less<>>;

bool is_comment(std::string_view line) {
  return line.empty() || line.front() == '#' || line.front() == ';';
}

/// Reads lines one after the other.
class Reader {
 public:
  explicit Reader(std::string file) : file_(std::move(file)) {}

  void line(std::string_view raw) {
    ++number_;
    const auto text = base::trim(raw);
    if (is_comment(text)) return;
    const bool indented = raw.front() == ' ' || raw.front() == '\t';
    if (text.front() == '[') return heading(text);
    const auto equals = text.find('=');
    if (equals == std::string_view::npos || section_ == nullptr) {
      if (indented && section_ != nullptr)
        return;  // a value that goes on: nothing that is asked for has such
      refuse(section_ == nullptr ? "stands before any [section]" : "is no 'name = value'");
    }
    const std::string name(base::trim(text.substr(0, equals))), value(base::trim(text.substr(equals + 1)));
    if (indented && !outer_.empty()) {
      (*section_)[outer_ + "." + name] = value;
      return;
    }
    (*section_)[name] = value;
    outer_ = value.empty() ? name : "";
  }

  Sections sections;

 private:
  void heading(std::string_view text) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) refuse("has no ]");
    section_ = &sections[base::join(base::split_list(text.substr(1, close - 1), ' '), " ")];
    outer_.clear();
  }

  [[noreturn]] void refuse(const char* why) const {
    throw base::Error("InvalidConfig", fmt::format("{}:{}: the line {}", file_, number_, why),
                      "mend the file; aws configure writes it");
  }

  std::string file_, outer_;
  Section* section_ = nullptr;
  int number_ = 0;
};

Sections read_sections(const std::string& file) {
  std::error_code ignored;
  if (!os::fs::exists(file, ignored)) return {};
  return parse_sections(os::read_file(file), file);
}

std::string home(const Environment& environment) {
  const std::string folder = value_of(environment, "HOME");
  return folder.empty() ? "" : folder + "/.aws";
}

/// `~/x` in a variable.
std::string path_of(const Environment& environment, const char* variable, const std::string& otherwise) {
  const std::string path = value_of(environment, variable);
  if (path.starts_with("~/")) return value_of(environment, "HOME") + path.substr(1);
  return path.empty() ? otherwise : path;
}

/// Section names may be quoted: [profile "my account"].
std::string unquoted(std::string text) {
  std::erase_if(text, [](char c) { return c == '"' || c == '\''; });
  return text;
}

}  // namespace

std::string value_of(const std::map<std::string, std::string, std::less<>>& values, std::string_view name) {
  const auto at = values.find(name);
  return at == values.end() ? "" : at->second;
}

Sections parse_sections(std::string_view text, const std::string& file) {
  Reader reader(file);
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    reader.line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return std::move(reader.sections);
}

ConfigFiles::ConfigFiles(const Environment& environment) : folder_(home(environment)) {
  for (auto& [heading, section] : read_sections(path_of(environment, "AWS_CONFIG_FILE", folder_ + "/config")))
    sections_[heading == "default" ? "profile default" : unquoted(heading)] = std::move(section);
  const std::string keys = path_of(environment, "AWS_SHARED_CREDENTIALS_FILE", folder_ + "/credentials");
  for (const auto& [heading, section] : read_sections(keys))
    for (const auto& [name, value] : section) sections_["profile " + unquoted(heading)][name] = value;
}

const Section* ConfigFiles::find(const std::string& heading) const {
  const auto at = sections_.find(heading);
  return at == sections_.end() ? nullptr : &at->second;
}

const Section* ConfigFiles::profile(std::string_view name) const {
  return find(fmt::format("profile {}", name));
}

const Section* ConfigFiles::sso_session(std::string_view name) const {
  return find(fmt::format("sso-session {}", name));
}

const Section* ConfigFiles::services(std::string_view name) const {
  return find(fmt::format("services {}", name));
}

std::string Config::setting(std::string_view variable, std::string_view member) const {
  const std::string value = value_of(environment, variable);
  const Section* section = files.profile(profile);
  return value.empty() && section != nullptr ? value_of(*section, member) : value;
}

}  // namespace aws
