// One MariaDB server in its folder: made, configured, started, stopped. It outlives us.
#pragma once

#include <set>

#include "os/process.h"
#include "provider/local/home.h"
#include "provider/provider.h"

namespace provider::local {

/// A server's folder: data/, server.cnf, server.log, socket, pid. Mode 0700, of the server user.
class MariaDbServer {
 public:
  MariaDbServer(const Home& home, std::string id) : home_(home), id_(std::move(id)) {}

  os::fs::path folder() const { return home_.instance(id_); }
  os::fs::path data() const { return folder() / "data"; }
  /// For temporary tables; never a shared folder, because every mariadbd that starts removes what it finds
  /// there.
  os::fs::path scratch() const { return folder() / "tmp"; }
  os::fs::path socket() const { return folder() / "socket"; }

  /// The process that serves this very folder: one that works in our data folder. A stale pid file never
  /// makes us touch somebody else's process, and a server that has not written one yet is found all the same.
  std::optional<os::ProcessId> process() const;

  /// Makes an empty data folder (mariadb-install-db).
  void initialise(const Waiting& waiting) const;

  /// Writes server.cnf. Closed: no TCP, only the socket in a folder of mode 0700.
  void configure(int port, bool open, const base::Json& settings) const;

  /// Starts it and waits until it answers. `first_time` gives ourselves administrator accounts through the
  /// socket. Throws `ServerFailed` with the end of its log.
  void start(bool first_time, const Waiting& waiting) const;

  /// Stops it and waits until its process is gone. Nothing running is no error. One that does not answer
  /// or does not end in time is ended as by a crash.
  void stop(const Waiting& waiting) const;

  /// Ends it at once: for a server whose data is to be thrown away.
  void kill(const Waiting& waiting) const;

  /// The accounts at localhost that start() makes ours; the operating system says who is who.
  std::set<std::string> administrators() const;

  /// Logs in as administrator through the socket.
  std::unique_ptr<sql::Connection> administrate() const;

  /// The end of its log, for messages.
  std::string log_tail() const;

 private:
  bool await_end(const os::ProcessId& server, std::chrono::seconds patience, const Waiting& waiting) const;
  bool await_answer(const os::ProcessId& server, std::chrono::seconds patience, const Waiting& waiting) const;
  const Home& home_;
  std::string id_;
};

/// Settings without which a server could not read the data files of `source`, or would read them otherwise.
base::Json settings_of(sql::Connection& source);

}  // namespace provider::local
