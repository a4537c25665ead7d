#include "tests/aws/server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace tests {
namespace {

/// One request, read from `fd` by way of `buffer`; nothing at the end of the connection.
std::optional<Received> read_request(int fd, std::string& buffer) {
  const auto more = [&] {
    char block[16384];
    const auto bytes = ::recv(fd, block, sizeof block, 0);
    if (bytes > 0) buffer.append(block, static_cast<std::size_t>(bytes));
    return bytes > 0;
  };
  while (buffer.find("\r\n\r\n") == std::string::npos)
    if (!more()) return std::nullopt;
  const auto head = buffer.find("\r\n\r\n");
  Received out;
  std::size_t at = buffer.find("\r\n");
  const std::string first = buffer.substr(0, at);
  out.method = first.substr(0, first.find(' '));
  out.target = first.substr(first.find(' ') + 1, first.rfind(' ') - first.find(' ') - 1);
  while (at < head) {
    const auto end = buffer.find("\r\n", at + 2);
    const std::string line = buffer.substr(at + 2, end - at - 2);
    const auto colon = line.find(':');
    out.headers[base::lower(line.substr(0, colon))] = base::trim(std::string_view(line).substr(colon + 1));
    at = end;
  }
  const std::size_t length =
      out.headers.contains("content-length") ? std::stoul(out.headers["content-length"]) : 0;
  while (buffer.size() < head + 4 + length)
    if (!more()) return std::nullopt;
  out.body = buffer.substr(head + 4, length);
  buffer.erase(0, head + 4 + length);
  return out;
}

void send_all(int fd, const std::string& text) {
  for (std::size_t sent = 0; sent < text.size();) {
    const auto bytes = ::send(fd, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (bytes <= 0) return;
    sent += static_cast<std::size_t>(bytes);
  }
}

void reset(int fd) {
  const linger at_once{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

}  // namespace

Server::Server(Answer answer) : answer_(std::move(answer)) {
  listen();
}

Server::Server(std::vector<Reply> replies)
    : Server([replies, next = std::size_t{0}](const Received&) mutable {
        return replies[std::min(next++, replies.size() - 1)];
      }) {}

void Server::listen() {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(fd_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(fd_, 64) != 0 ||
      ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("the test's server cannot listen");
  port_ = ntohs(address.sin_port);
  accepting_ = std::jthread([this] { accept_all(); });
}

Server::~Server() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
  }
  ::shutdown(fd_, SHUT_RDWR);
  accepting_.join();
  threads_.clear();
  ::close(fd_);
}

std::string Server::url() const {
  return fmt::format("http://127.0.0.1:{}", port_);
}

std::vector<Received> Server::received() {
  const std::lock_guard lock(mutex_);
  return received_;
}

void Server::accept_all() {
  for (int number = 1;; ++number) {
    const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    const std::lock_guard lock(mutex_);
    if (closing_) {
      ::close(fd);
      return;
    }
    open_.push_back(fd);
    threads_.emplace_back([this, fd, number] { serve(fd, number); });
  }
}

void Server::serve(int fd, int number) {
  std::string buffer;
  while (auto request = read_request(fd, buffer)) {
    request->connection = number;
    if (!reply(fd, *request)) break;
  }
  const std::lock_guard lock(mutex_);
  std::erase(open_, fd);
  ::close(fd);
}

bool Server::reply(int fd, const Received& request) {
  Reply reply;
  {
    const std::lock_guard lock(mutex_);
    received_.push_back(request);
    reply = answer_(request);
  }
  if (reply.end == Reply::End::reset) {
    reset(fd);
    return false;
  }
  if (reply.end == Reply::End::never) {
    char byte = 0;
    while (::recv(fd, &byte, 1, 0) > 0) {
    }
    return false;
  }
  std::string text = fmt::format("HTTP/1.1 {} -\r\nContent-Length: {}\r\n", reply.status, reply.body.size());
  for (const auto& [name, value] : reply.headers) text += name + ": " + value + "\r\n";
  send_all(fd, text + "\r\n" + (request.method == "HEAD" ? "" : reply.body));
  return true;
}

}  // namespace tests
