// How a server of this host is reached once it is open.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace provider {

/// What is not said is empty: the defaults are meant().
struct Listening {
  std::string address;                ///< of IPv4 or IPv6; 0.0.0.0 and ::, all that the host has
  std::string tls;                    ///< require, offer or off
  std::string certificate, key;       ///< files in PEM, by their paths; "": of the home's own authority
  std::vector<std::string> networks;  ///< from where logins are taken; none: from wherever they come

  bool operator==(const Listening&) const = default;
};

inline constexpr std::string_view tls_choices = "require|offer|off";

/// Is anything said of it?
bool is_said(const Listening& listening);
/// With what it means where it says nothing: 127.0.0.1; TLS is demanded where other hosts reach it or files
/// for it are named, and is off elsewhere.
Listening meant(Listening listening);
/// Where programs of this host find the server, and others do.
std::string near_address(const Listening& listening);
std::string far_address(const Listening& listening);

/// The addresses and names by which clients find it, the first one the best.
std::vector<std::string> names_of(const Listening& listening);

/// What is wrong with it, whatever the host: the member, and why.
struct ListeningFault {
  std::string member, why;
};
std::vector<ListeningFault> faults_of(const Listening& listening);

base::Json to_json(const Listening& listening);  ///< what is said
Listening listening_from(const base::Json& said);

}  // namespace provider
