#include "os/addresses.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <climits>
#include <cstdint>

namespace os {
namespace {

std::string text_of(const sockaddr& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.sa_family == AF_INET) {
    const auto& four = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &four.sin_addr, text.data(), text.size());
  } else if (address.sa_family == AF_INET6) {
    const auto& six = reinterpret_cast<const sockaddr_in6&>(address);
    if (IN6_IS_ADDR_LINKLOCAL(&six.sin6_addr)) return "";
    ::inet_ntop(AF_INET6, &six.sin6_addr, text.data(), text.size());
  }
  return text.data();
}

/// In the order of the network: four bytes, or sixteen; none for what is no address.
std::vector<std::uint8_t> bytes_of(const std::string& text) {
  std::vector<std::uint8_t> bytes(sizeof(in6_addr));
  if (::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) {
    bytes.resize(sizeof(in_addr));
    return bytes;
  }
  in6_addr six{};
  if (::inet_pton(AF_INET6, text.c_str(), &six) != 1 || IN6_IS_ADDR_V4MAPPED(&six)) return {};
  bytes.assign(std::begin(six.s6_addr), std::end(six.s6_addr));
  return bytes;
}

}  // namespace

std::vector<std::string> own_addresses() {
  std::vector<std::string> all;
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return all;
  for (const ifaddrs* each = first; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || (each->ifa_flags & IFF_UP) == 0 || (each->ifa_flags & IFF_LOOPBACK) != 0)
      continue;
    if (std::string text = text_of(*each->ifa_addr); !text.empty()) all.push_back(std::move(text));
  }
  ::freeifaddrs(first);
  return all;
}

std::string host_name() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "";
  const std::string text = name.data();
  const bool plain = std::ranges::all_of(
      text, [](unsigned char c) { return (std::isalnum(c) != 0 && c < 0x80) || c == '-' || c == '.'; });
  return plain ? text : "";
}

bool is_address(const std::string& text) {
  return !bytes_of(text).empty();
}

bool is_ipv6(const std::string& address) {
  return bytes_of(address).size() == sizeof(in6_addr);
}

bool is_loopback(const std::string& address) {
  const auto bytes = bytes_of(address);
  return bytes.size() == sizeof(in_addr) ? bytes[0] == IN_LOOPBACKNET : bytes == bytes_of("::1");
}

bool is_every_address(const std::string& address) {
  const auto bytes = bytes_of(address);
  return !bytes.empty() && std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

bool is_network(const std::string& text) {
  const auto slash = text.find('/');
  const auto bytes = bytes_of(text.substr(0, slash));
  if (slash == std::string::npos || bytes.empty()) return false;
  const std::string length = text.substr(slash + 1);
  if (length.empty() || length.size() > 3 || length.find_first_not_of("0123456789") != std::string::npos)
    return false;
  const auto bits = static_cast<std::size_t>(std::stoi(length));
  if (bits > bytes.size() * 8) return false;
  for (std::size_t i = bits; i < bytes.size() * 8; ++i)
    if ((bytes[i / 8] & (0x80U >> (i % 8))) != 0) return false;
  return true;
}

}  // namespace os
