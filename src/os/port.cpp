#include "os/port.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>

#include "base/error.h"
#include "os/random.h"

namespace os {

using base::Error;

namespace {

/// One that listens; none where that is not to be had. `port` 0: any.
Fd listening_socket(const std::string& address, int port) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return Fd();
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> where(found, ::freeaddrinfo);
  Fd fd(::socket(where->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int yes = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const bool listens = ::bind(fd.get(), where->ai_addr, where->ai_addrlen) == 0 && ::listen(fd.get(), 1) == 0;
  return listens ? std::move(fd) : Fd();
}

/// Where servers may listen: not below 10000, where ports have names, and not where the kernel takes the
/// near end of any program's connection to somewhere from (ip_local_port_range): such a port may be in use
/// at the very moment at which a server that was stopped starts again. A host that gives connections all of
/// them leaves us no choice.
class PortsForServers {
 public:
  PortsForServers() {
    std::ifstream in("/proc/sys/net/ipv4/ip_local_port_range");
    int first = 0, last = 0;
    if (!(in >> first >> last)) return;
    below_ = std::clamp(first - lowest, 0, all);
    above_ = std::clamp(highest - last, 0, all);
    if (below_ + above_ == 0) above_ = all;
  }
  int count() const { return below_ + above_; }
  /// `i`: from 0, below count().
  int at(int i) const { return i < below_ ? lowest + i : highest - (i - below_); }

 private:
  static constexpr int lowest = 10000, highest = 65535, all = highest - lowest + 1;
  int below_ = 32768 - lowest, above_ = highest - 60999;  // Linux's own range is 32768 to 60999
};

/// None if somebody has it: a socket's name in the abstract namespace (unix(7)), which is the network
/// namespace's as the ports are, and which the kernel frees with whoever had it.
Fd claim_of(int port) {
  Fd claim(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = fmt::format("dbrefresh/port/{}", port);
  name.copy(address.sun_path + 1, sizeof address.sun_path - 1);
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (::bind(claim.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0) return Fd();
  return claim;
}

}  // namespace

bool port_is_free(int port, const std::string& address) {
  return static_cast<bool>(listening_socket(address, port));
}

bool is_own_address(const std::string& address) {
  return static_cast<bool>(listening_socket(address, 0));
}

/// Lines of /proc/net/tcp: number, local address:port, remote address:port, state, in hex (the kernel's
/// include/net/tcp_states.h): FIN-WAIT-1 and -2, TIME-WAIT, CLOSE, LAST-ACK and CLOSING need no program.
bool port_is_fading(int port) {
  constexpr std::string_view ending_states = "04 05 06 07 09 0B";
  const std::string wanted = fmt::format(":{:04X}", port);
  bool ending = false;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream in(table);
    std::string line;
    while (std::getline(in, line)) {
      std::istringstream words(line);
      std::string number, local, remote, state;
      if (!(words >> number >> local >> remote >> state) || !local.ends_with(wanted)) continue;
      if (ending_states.find(state) == std::string_view::npos) return false;
      ending = true;
    }
  }
  return ending;
}

int Ports::any(const std::set<int>& others, const std::string& address) {
  const PortsForServers ports;
  const auto first = static_cast<int>(random_seed() % static_cast<std::uint64_t>(ports.count()));
  for (int i = 0; i < ports.count(); ++i) {
    const int port = ports.at((first + i) % ports.count());
    if (others.contains(port)) continue;
    Fd claim = claim_of(port);
    if (!claim || !port_is_free(port, address)) continue;
    const std::lock_guard lock(mutex_);
    claims_.push_back(std::move(claim));
    return port;
  }
  throw Error("ProcessError", fmt::format("no port of {} is free", address));
}

}  // namespace os
