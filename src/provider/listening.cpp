#include "provider/listening.h"

#include <fmt/format.h>

#include <algorithm>

#include "os/addresses.h"
#include "os/port.h"

namespace provider {

bool is_said(const Listening& listening) {
  return listening != Listening{};
}

Listening meant(Listening listening) {
  if (listening.address.empty()) listening.address = os::loopback;
  const bool here = os::is_loopback(listening.address) && listening.certificate.empty();
  if (listening.tls.empty()) listening.tls = here ? "off" : "require";
  return listening;
}

std::string near_address(const Listening& listening) {
  const auto address = meant(listening).address;
  if (!os::is_every_address(address)) return address;
  return os::is_ipv6(address) ? "::1" : os::loopback;
}

std::string far_address(const Listening& listening) {
  const auto address = meant(listening).address;
  if (!os::is_every_address(address)) return address;
  for (const auto& own : os::own_addresses())
    if (os::is_ipv6(own) == os::is_ipv6(address)) return own;
  return near_address(listening);
}

std::vector<std::string> names_of(const Listening& listening) {
  const auto address = meant(listening).address;
  std::vector<std::string> names = {far_address(listening)};
  const bool everywhere = os::is_every_address(address);
  if (everywhere)
    for (const auto& own : os::own_addresses())
      if (own != names[0]) names.push_back(own);
  if (const auto host = os::host_name(); !host.empty() && host != "localhost") names.push_back(host);
  if (everywhere && names[0] != near_address(listening)) names.push_back(near_address(listening));
  if (everywhere || os::is_loopback(address)) names.emplace_back("localhost");
  return names;
}

namespace {

bool is_relative(const std::string& path) {
  return !path.empty() && !path.starts_with('/');
}

void find_faults_of_files(const Listening& listening, std::vector<ListeningFault>& faults) {
  if (listening.certificate.empty() != listening.key.empty())
    faults.push_back({listening.key.empty() ? "certificate" : "key", "certificate and key go together"});
  if (!listening.certificate.empty() && listening.tls == "off")
    faults.push_back({"certificate", "is of no use where tls is 'off'"});
  if (is_relative(listening.certificate))
    faults.push_back({"certificate", fmt::format("'{}' is no absolute path", listening.certificate)});
  if (is_relative(listening.key))
    faults.push_back({"key", fmt::format("'{}' is no absolute path", listening.key)});
}

}  // namespace

std::vector<ListeningFault> faults_of(const Listening& listening) {
  std::vector<ListeningFault> faults;
  const auto& address = listening.address;
  if (!address.empty() && !os::is_address(address))
    faults.push_back({"address", fmt::format("'{}' is no address of IPv4 or IPv6", address)});
  find_faults_of_files(listening, faults);
  for (const auto& each : listening.networks)
    if (!os::is_network(each))
      faults.push_back(
          {"networks", fmt::format("'{}' is no network as 10.0.0.0/8, whose other bits are zero", each)});
  if (!listening.networks.empty() && os::is_loopback(meant(listening).address))
    faults.push_back({"networks", fmt::format("mean nothing at {}, which this host alone reaches",
                                              meant(listening).address)});
  return faults;
}

base::Json to_json(const Listening& listening) {
  base::Json said = base::Json::object();
  const auto put = [&](const char* member, const std::string& value) {
    if (!value.empty()) said[member] = value;
  };
  put("address", listening.address);
  put("tls", listening.tls);
  put("certificate", listening.certificate);
  put("key", listening.key);
  if (!listening.networks.empty()) said["networks"] = listening.networks;
  return said;
}

Listening listening_from(const base::Json& said) {
  return {.address = said.value("address", ""),
          .tls = said.value("tls", ""),
          .certificate = said.value("certificate", ""),
          .key = said.value("key", ""),
          .networks = said.value("networks", std::vector<std::string>{})};
}

}  // namespace provider
