#include "provider/local/server.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>

#include "base/error.h"
#include "base/parallel.h"
#include "base/text.h"
#include "provider/local/mariadb_server.h"
#include "provider/local/postgres_server.h"

namespace provider::local {

using base::Error;
using namespace std::chrono_literals;

std::unique_ptr<Server> make_server(const Home& home, const std::string& family, const std::string& id,
                                    int port, Listening listening) {
  if (family == "mariadb") return std::make_unique<MariaDbServer>(home, id, port, std::move(listening));
  if (family == "postgres") return std::make_unique<PostgresServer>(home, id, port, std::move(listening));
  throw Error("UnsupportedEngine", fmt::format("the local provider has no {}", family));
}

std::optional<os::ProcessId> Server::process() const {
  std::error_code error;
  // Its account could have put a link to another server's data there.
  const auto ours = os::fs::canonical(folder(), error) / data().filename();
  if (error) return std::nullopt;
  for (const auto& file : {folder() / "pid", data() / "postmaster.pid"}) {
    try {
      const auto found = os::identify(std::atoi(os::read_regular(file, 4096).c_str()));
      if (found && os::works_in(found->pid, ours, server_programs())) return found;
    } catch (const Error&) {
      // no pid file: it may be starting
    }
  }
  const auto first = os::find_working_in(ours, server_programs());
  return first && !is_child(os::title(first->pid)) ? first : std::nullopt;
}

sql::Endpoint Server::admit_scripts(const std::string&) const {
  return {};
}

std::vector<base::Problem> Server::objections(sql::Connection&, const CopySource&) const {
  return {};
}

std::unique_ptr<sql::Connection> Server::administrate() const {
  return sql::connect(administrator_endpoint(), 10s);
}

void Server::await_start(const os::ProcessId& server, const std::function<void()>& log_in,
                         const Budget& budget) const {
  while (true) {
    try {
      log_in();
      return;
    } catch (const Error& error) {
      if (!os::is_running(server)) {
        const auto said = log_tail();
        throw Error(os::tells_of_full_disk(said) ? "DiskFull" : "ServerFailed",
                    fmt::format("{} of {} ended while it started: {}", program(), id_, said));
      }
      if (error.code == "AccessDenied") throw;  // it has answered, and will not say otherwise
      if (budget.clock.now() >= budget.until)
        throw Error("DeadlineExceeded",
                    fmt::format("{} of {} did not answer in time: {}", program(), id_, error.message));
    }
    if (!budget.clock.sleep_until(budget.clock.now() + 2ms, budget.stop))
      throw Error("Interrupted", "stopped while a server was starting");
  }
}

/// Waits until the process is gone; false if it is still there after `patience`.
bool Server::await_end(const os::ProcessId& server, std::chrono::seconds patience,
                       const Budget& budget) const {
  const auto enough = std::min(budget.clock.now() + patience, budget.until);
  while (os::is_running(server)) {
    if (budget.clock.now() >= enough) return false;
    if (!budget.clock.sleep_until(budget.clock.now() + 10ms, budget.stop))
      throw Error("Interrupted", "stopped while a server was stopping");
  }
  return true;
}

/// Waits until it answers, whatever it says; false if it ends first or takes longer than `patience`.
bool Server::await_answer(const os::ProcessId& server, std::chrono::seconds patience,
                          const Budget& budget) const {
  const auto enough = std::min(budget.clock.now() + patience, budget.until);
  while (os::is_running(server) && budget.clock.now() < enough) {
    try {
      administrate();
      return true;
    } catch (const Error& error) {
      if (!error.retryable) return true;
    }
    if (!budget.clock.sleep_until(budget.clock.now() + 5ms, budget.stop))
      throw Error("Interrupted", "stopped while a server was stopping");
  }
  return false;
}

/// A mariadbd that gets SIGTERM while it starts may wait for ever in its own start (seen with 10.11, in
/// init_slave), so its start is awaited. One that does not answer, or does not end, is ended as by a crash,
/// from which it recovers when it is started again.
void Server::stop(const Budget& budget) const {
  const auto server = process();
  if (!server) return;
  if (await_answer(*server, 30s, budget)) {
    os::send_signal(*server, stop_signal());
    if (await_end(*server, 60s, budget)) return;
  }
  kill(budget);
}

void Server::kill(const Budget& budget) const {
  const auto server = process();
  if (!server) return;
  // PostgreSQL: an immediate shutdown, which takes its processes and its shared memory with it. To mariadbd
  // the same signal is an order to shut down.
  if (stop_signal() == SIGINT) {
    os::send_signal(*server, SIGQUIT);
    if (await_end(*server, 5s, budget)) return;
  }
  os::send_signal(*server, SIGKILL);
  if (!await_end(*server, 60s, budget))
    throw Error("DeadlineExceeded", fmt::format("{} of {} did not stop in time", program(), id_));
}

std::string Server::log_tail() const {
  std::string log;
  try {
    log = os::read_tail(folder() / "server.log", 8000);
  } catch (const Error& error) {
    return error.message;
  }
  std::string tail;
  for (const auto& line : base::split_list(log, '\n'))
    if (is_error(line)) tail += (tail.empty() ? "" : "; ") + line;
  return tail.empty() ? "its log has no error" : tail;
}

Copied Server::copy(const CopySource& source, const os::fs::path& target, const Budget& budget) const {
  const bool by_files = source.administrator.family == "postgres" || !source.data.empty();
  const auto session = sql::connect(source.administrator, 10s);
  for (const auto& objection : objections(*session, source))
    if (!objection.warning) throw Error("UnsupportedOperation", "the source " + objection.message);
  const auto outside = by_files ? outside_of_data(*session) : std::vector<std::string>();
  if (!outside.empty())
    throw Error("UnsupportedOperation",
                fmt::format("files outside of the data folder: {}", base::join(outside, ", ")),
                "move them into the data folder of the source; a copy would write to them");
  os::make_folder(target, 0700, os::owner_of(target.parent_path()));
  const std::string why =
      source.process ? why_not_clone(source.data, target) : "it is not a running server of ours";
  auto settings = settings_of(*session);
  auto superuser = superuser_of(*session);
  auto copied = why.empty() ? clone(*session, source, target, budget) : patient_copy(source, target, budget);
  if (!why.empty()) copied.method += " (no clone: " + why + ")";
  copied.settings = std::move(settings);
  copied.superuser = std::move(superuser);
  return copied;
}

/// mariadb-backup crashes at times of itself, where two threads copy tables of Aria (seen with 11.8, rarely).
/// Nothing is wrong with the source, so it is asked again, into an empty folder.
Copied Server::patient_copy(const CopySource& source, const os::fs::path& target,
                            const Budget& budget) const {
  constexpr int attempts = 3;
  for (int attempt = 1;; ++attempt) {
    for (const auto& each : {target.parent_path(), target}) os::make_folder(each, 0700, copier(source));
    try {
      return hot_copy(source, target, budget);
    } catch (const Error& error) {
      if (error.code != "ProgramCrashed" || attempt == attempts) throw;
    }
    budget.tell({"the copying program crashed: copying again"});
    os::remove_tree(target);
  }
}

os::Ids Server::copier(const CopySource& source) const {
  return source.ours ? account() : home_.accounts().claim(home_.archive(id_));
}

void Server::write_own(const os::fs::path& path, const std::string& text) const {
  os::replace_file(path, text, 0600, account());
}

void Server::rotate_log() const {
  constexpr std::uintmax_t biggest_log = 16U << 20U;
  const auto log = folder() / "server.log";
  // Once root opened it for the server; now the server's account does, and could not.
  if (const auto owner = os::owner_of(log); owner && owner->uid == 0) os::give_to(log, account());
  os::rotate(log, biggest_log);
}

void clone_tree(const os::fs::path& from, const os::fs::path& to, const os::Ids& owner,
                const std::function<bool(const os::fs::path&)>& skip) {
  std::vector<os::fs::path> files;
  const std::function<void(const os::fs::path&)> list = [&](const os::fs::path& inside) {
    os::make_folder(to / inside, 0700, owner);
    for (const auto& entry : os::fs::directory_iterator(from / inside)) {
      auto relative = inside / entry.path().filename();
      if (skip(relative)) continue;
      if (entry.is_symlink())
        throw Error("CloneFailed", "data outside of the data folder is not served: " + entry.path().string());
      if (entry.is_directory())
        list(relative);
      else if (entry.is_regular_file())
        files.push_back(std::move(relative));
    }
  };
  list({});
  base::in_parallel(files.size(), [&](std::size_t i) {
    if (!os::reflink(from / files[i], to / files[i], owner))
      throw Error("CloneFailed", "a file cannot be cloned: " + (from / files[i]).string());
  });
}

std::string why_not_clone(const os::fs::path& from, const os::fs::path& target) {
  if (!os::same_file_system(from, target)) return "it is on another file system";
  if (!os::can_reflink(target)) return "the file system does not share blocks between files";
  // Measured on xfs: a clone costs 11 to 14 microseconds an extent, a copy through the page cache 0.65 s a
  // GiB.
  constexpr double seconds_per_extent = 13e-6, seconds_per_byte = 0.65 / (1U << 30U);
  constexpr std::uint64_t too_small_to_matter = 64U << 10U;  // and there are a thousand of them
  std::uint64_t extents = 0, bytes = 0;
  std::error_code error;
  for (os::fs::recursive_directory_iterator at(from, error), end; !error && at != end; at.increment(error)) {
    if (at->is_symlink(error) || !at->is_regular_file(error)) continue;
    const auto size = at->file_size(error);
    extents += size < too_small_to_matter ? 1 : os::count_extents(at->path());
    bytes += size;
  }
  constexpr std::uint64_t too_few_to_matter = 10'000;
  if (extents > too_few_to_matter &&
      static_cast<double>(extents) * seconds_per_extent > static_cast<double>(bytes) * seconds_per_byte)
    return fmt::format("its files lie in {} pieces: reading them is faster", extents);
  return {};
}

void copy_tree(const os::fs::path& from, const os::fs::path& to,
               const std::function<void(std::uintmax_t)>& tell) {
  std::uintmax_t done = 0;
  os::fs::create_directories(to);
  for (auto at = os::fs::recursive_directory_iterator(from); at != os::fs::recursive_directory_iterator();
       ++at) {
    const auto target = to / os::fs::relative(at->path(), from);
    if (at->is_symlink())
      throw Error("CopyFailed", "data outside of the data folder is not served: " + at->path().string());
    if (at->is_directory()) {
      os::fs::create_directories(target);
    } else if (at->is_regular_file()) {
      os::copy_file(at->path(), target);
      done += at->file_size();
      tell(done);
    }
  }
}

}  // namespace provider::local
