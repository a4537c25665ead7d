// Just enough of an SMTP server to take mails, on 127.0.0.1.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"

namespace tests {

class SmtpSink {
 public:
  SmtpSink() : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      throw base::Error("NoPort", "no port to listen on");
    ::listen(fd_, 8);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
    serving_ = std::jthread([this] {
      for (int client = 0; (client = ::accept(fd_, nullptr, nullptr)) >= 0; ::close(client)) serve(client);
    });
  }
  SmtpSink(const SmtpSink&) = delete;
  SmtpSink& operator=(const SmtpSink&) = delete;
  ~SmtpSink() {
    ::shutdown(fd_, SHUT_RDWR);
    serving_.join();
    ::close(fd_);
  }

  std::string url() const { return "smtp://127.0.0.1:" + std::to_string(port); }
  /// Each with its envelope, as it was sent.
  std::vector<std::string> mails() {
    const std::lock_guard lock(mutex_);
    return mails_;
  }
  int port = 0;

 private:
  void serve(int client) {
    const auto say = [&](const std::string& line) {
      [[maybe_unused]] const auto n = ::send(client, line.data(), line.size(), MSG_NOSIGNAL);
    };
    say("220 sink\r\n");
    std::string heard, line;
    bool data = false;
    for (char c = 0; ::read(client, &c, 1) == 1;) {
      line += c;
      if (c != '\n') continue;
      heard += line;
      if (data && line == ".\r\n") {
        const std::lock_guard lock(mutex_);
        mails_.push_back(heard);
        data = false;
        say("250 taken\r\n");
      } else if (!data && line.starts_with("DATA")) {
        data = true;
        say("354 go on\r\n");
      } else if (!data && line.starts_with("QUIT")) {
        return;
      } else if (!data) {
        say("250 fine\r\n");
      }
      line.clear();
    }
  }

  int fd_;
  std::mutex mutex_;
  std::vector<std::string> mails_;
  std::jthread serving_;
};

}  // namespace tests
