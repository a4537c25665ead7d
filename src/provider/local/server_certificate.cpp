// What a server shows of who it is.
#include "base/error.h"
#include "provider/local/authority.h"
#include "provider/local/server.h"

namespace provider::local {
namespace {

std::string text_of(const os::fs::path& path) {
  std::error_code none;
  return os::fs::exists(path, none) ? os::read_regular(path, 1U << 20U) : "";
}

/// Key, certificate and what goes with it, as people gave them. What was theirs before serves on where they
/// cannot be read any more: a database that is put back, or started after a reboot, must not fail by that.
std::string given(const Listening& listening, const std::string& before) {
  try {
    return os::read_file(listening.key) + "\n" + os::read_file(listening.certificate);
  } catch (const base::Error&) {
    if (before.empty()) throw;
    return before;
  }
}

}  // namespace

bool Server::certify(base::Time now) const {
  if (listening_.tls == "off") return false;
  const auto before = text_of(certificate_file());
  const Authority authority(home_);
  const auto names = names_of(listening_);
  std::string next = before;
  if (!listening_.certificate.empty())
    next = given(listening_, before);
  else if (!authority.is_good(before, names, now))
    next = authority.issue(names, now).reveal();
  if (next == before) return false;
  write_own(certificate_file(), next);
  return true;
}

std::optional<base::Time> Server::certificate_until() const {
  if (listening_.tls == "off") return std::nullopt;
  const auto shown = Certificate::read(text_of(certificate_file()));
  return shown ? std::optional(shown->until()) : std::nullopt;
}

}  // namespace provider::local
