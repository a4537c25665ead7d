// A real HTTP server on 127.0.0.1 that answers what the test says and remembers what it was asked.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace tests {

struct Received {
  std::string method, target;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
  int connection = 0;  ///< the first is 1
};

struct Reply {
  enum class End {
    answer,
    reset,  ///< the connection is reset when the whole request is here, in the place of an answer
    never   ///< no answer, until the peer goes
  };
  int status = 200;
  std::string body;
  std::map<std::string, std::string> headers;
  End end = End::answer;
};

/// A thread a connection; `answer` is called by one at a time. Connections are kept open, as HTTP/1.1 has it.
class Server {
 public:
  using Answer = std::function<Reply(const Received&)>;

  explicit Server(Answer answer);
  /// Answers these in their order; the last one for ever.
  explicit Server(std::vector<Reply> replies);
  Server(const Server&) = delete;
  ~Server();

  std::string url() const;  ///< `http://127.0.0.1:port`
  std::vector<Received> received();

 private:
  void listen();
  void accept_all();
  void serve(int fd, int number);
  bool reply(int fd, const Received& request);

  Answer answer_;
  int fd_ = -1, port_ = 0;
  std::mutex mutex_;
  std::vector<Received> received_;
  std::vector<int> open_;
  bool closing_ = false;
  std::list<std::jthread> threads_;
  std::jthread accepting_;
};

}  // namespace tests
