#include "deploy/package.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest.h"
#include "base/error.h"
#include "refresh/document.h"

namespace deploy {
namespace {

using base::Error;
using os::fs::path;

/// Beside the folder of an installed program, whatever it was installed under.
constexpr const char* installed = "../share/dbrefresh";
constexpr std::size_t release_length = 12;
/// What templates say of their release until they are packed.
constexpr std::string_view unpacked = "Default: development\n";

/// In the folder that was built in, else where an installation puts it.
path place_of(const std::string& said, const path& built, const char* packaged) {
  if (!said.empty()) return said;
  const path above = os::fs::read_symlink("/proc/self/exe").parent_path();
  return os::fs::exists(above / built) ? above / built : (above / installed / packaged).lexically_normal();
}

std::map<std::string, std::string> files_in(const path& folder, const std::string& ending,
                                            const std::string& prefix) {
  std::map<std::string, std::string> all;
  std::error_code none;
  for (const auto& each : os::fs::directory_iterator(folder, none))
    if (each.path().extension() == ending)
      all[prefix + each.path().filename().string()] = os::read_file(each.path());
  return all;
}

Error missing(const char* what, const path& folder, const char* hint) {
  return {"FileNotFound", fmt::format("there are no {} in {}", what, folder.string()), hint};
}

/// Name and content of every file, in their order.
std::string release_of(const Package& package) {
  std::string all;
  for (const auto& [key, text] : package.files) all += key + "\n" + base::hex(base::sha256(text)) + "\n";
  return base::hex(base::sha256(all)).substr(0, release_length);
}

std::string with_release(std::string text, const std::string& release) {
  const auto to = "Default: " + release + "\n";
  for (auto at = text.find(unpacked); at != std::string::npos; at = text.find(unpacked, at + to.size()))
    text.replace(at, unpacked.size(), to);
  return text;
}

/// "templates/state-machine.json" with the release before its ending.
std::string named(const std::string& key, const std::string& release) {
  const auto dot = key.rfind('.');
  return key.substr(0, dot) + "-" + release + key.substr(dot);
}

bool is_template(const std::string& key) {
  return key.ends_with(".template");
}

void add_functions(Package& package, const Parts& parts) {
  const auto folder = place_of(parts.functions, "lambda", "lambda");
  auto zips = files_in(folder, ".zip", "functions/");
  if (zips.empty())
    throw missing("packages of functions (dbrefresh-x86_64.zip)", folder,
                  "make lambda; or: --functions FOLDER");
  for (const auto& [key, text] : zips) {
    const auto dash = key.rfind('-');
    package.architectures.push_back(key.substr(dash + 1, key.rfind('.') - dash - 1));
  }
  package.files.merge(zips);
}

}  // namespace

Package make_package(const Parts& parts) {
  Package package;
  const auto templates = place_of(parts.templates, "../deploy", "deploy");
  package.files = files_in(templates, ".template", "templates/");
  if (package.files.empty()) throw missing("templates", templates, "--templates FOLDER");
  add_functions(package, parts);
  package.files["templates/state-machine.json"] = refresh::step_functions_machine().dump(2);

  package.release = release_of(package);
  std::map<std::string, std::string> files;
  for (auto& [key, text] : package.files)
    if (is_template(key))
      files[key] = with_release(std::move(text), package.release);
    else
      files[named(key, package.release)] = std::move(text);
  const auto certificates = place_of(parts.certificates, "../packaging/rds-ca.pem", "rds-ca.pem");
  files["functions/rds-ca.pem"] = os::read_file(certificates);
  const auto scripts = place_of(parts.scripts, "../examples/buckets/awssol-bucket", "sqlscripts");
  std::error_code none;
  for (const auto& each : os::fs::recursive_directory_iterator(scripts, none))
    if (each.is_regular_file() && each.path().extension() == ".sql")
      files[os::fs::relative(each.path(), scripts).string()] = os::read_file(each.path());
  package.files = std::move(files);
  return package;
}

void write(const Package& package, const path& folder) {
  for (const auto& [key, text] : package.files) {
    os::fs::create_directories((folder / key).parent_path());
    os::write_file_atomic(folder / key, text, 0644);
  }
}

}  // namespace deploy
