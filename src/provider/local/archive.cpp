#include "provider/local/archive.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace provider::local {
namespace {

using base::Error;
using namespace std::chrono_literals;

/// A receiver that gets nothing says so every few seconds.
constexpr auto between_complaints = 30s;
constexpr std::uintmax_t biggest_output = 1U << 20U;

bool is_complaint(const std::string& line) {
  const auto text = base::lower(line);
  return text.find("error") != std::string::npos || text.find("fatal") != std::string::npos;
}

/// The last line that says what is wrong, or "". pg_receivewal goes on after it: where it had the password
/// from, and that it is "disconnected; waiting 5 seconds to try again".
std::string last_complaint_of(std::string_view output) {
  auto lines = base::split_list(output, '\n');
  const auto found = std::find_if(lines.rbegin(), lines.rend(), is_complaint);
  return found == lines.rend() ? "" : *found;
}

/// Its output and its password lie beside the log.
bool is_log(const os::fs::directory_entry& entry) {
  return !entry.path().filename().string().starts_with("receiver.");
}

/// A receiver logs in as its own account, which root's way to a socket may be closed to. PostgreSQL's socket
/// is a folder's.
void must_reach(const std::string& socket, const os::Ids& account, const std::string& name,
                const Budget& budget) {
  if (socket.empty()) return;
  const char* needs = os::fs::is_directory(socket) ? "-x" : "-w";
  const auto tried =
      os::run({.argv = {"test", needs, socket}, .user = account}, budget.clock, budget.until, budget.stop);
  if (tried.exit_code != 0)
    throw Error("SocketOutOfReach",
                fmt::format("the log of '{}' cannot be received: {}, as whom it is received, does not reach "
                            "the socket {}",
                            name, account.name, socket),
                "adopt it with --host 127.0.0.1 and its port, or let every user into the socket's folder");
}

void sleep(const Budget& budget, std::chrono::milliseconds time) {
  if (!budget.clock.sleep_until(budget.clock.now() + time, budget.stop))
    throw Error("Interrupted", "stopped while a log was being received");
}

}  // namespace

/// All of it works in the archive's folder: found there, whoever started it, as a server is in its own.
bool LogArchive::receives(const Row& adopted) {
  std::error_code missing;
  const auto folder = os::fs::canonical(fleet_.home().archive(adopted.id), missing);
  return !missing && os::find_working_in(folder, receiver_programs());
}

void LogArchive::start_receiving(const Row& adopted, const Budget& budget) {
  const auto path = fleet_.home().locks() / ("receiver-" + adopted.id);
  std::optional<os::FileLock> held;
  while (true) {
    if (auto got = os::FileLock::try_lock(path)) {
      held.emplace(*std::move(got));
      break;
    }
    sleep(budget, 50ms);
  }
  const auto folder = fleet_.home().archive(adopted.id);
  const auto output = folder / receiver_output;
  if (receives(adopted)) {
    if (last_complaint(adopted, budget.clock).empty()) return os::rotate(output, biggest_output);
    stop_receiving(adopted);
  }
  const auto account = fleet_.home().accounts().claim(folder);
  os::remove_tree(output);
  must_reach(fleet_.administrator(adopted).socket, account, adopted.name, budget);
  auto command = fleet_.server(adopted)->receiver(fleet_.administrator(adopted));
  command.user = account;
  command.folder = folder;
  command.output = output;
  const auto receiver = os::start(command);
  const auto enough = budget.clock.now() + 30s;
  while (std::none_of(os::fs::directory_iterator(folder), os::fs::directory_iterator(), is_log)) {
    const auto said = os::read_regular(output);
    if (!os::is_running(receiver) || is_complaint(said) || budget.clock.now() >= enough) {
      stop_receiving(adopted);
      throw Error("LogNotReceived",
                  fmt::format("the log of '{}' cannot be received: {}", adopted.name, base::trim(said)),
                  "the user needs the right to replicate; PostgreSQL's pg_hba.conf a line for it");
    }
    sleep(budget, 20ms);
  }
}

void LogArchive::stop_receiving(const Row& adopted) {
  os::kill_working_in(fleet_.home().archive(adopted.id), receiver_programs());
}

void LogArchive::begin_anew(const Row& adopted, const Budget& budget) {
  stop_receiving(adopted);
  os::remove_tree(fleet_.home().archive(adopted.id));
  start_receiving(adopted, budget);
}

bool LogArchive::await_log(const Row& adopted, const Snapshot& base, const Budget& budget) {
  const auto enough = budget.clock.now() + 10s;
  while (!has_log(adopted, base)) {
    if (budget.clock.now() >= enough || !receives(adopted)) return false;
    sleep(budget, 50ms);
  }
  return true;
}

LogSource LogArchive::log_of(const Row& source, const Snapshot& base) {
  LogSource log{.data = fleet_.server(source)->data(),
                .archive = fleet_.home().archive(source.id),
                .base = fleet_.home().snapshot(base.id) / "data",
                .base_position = base.position,
                .superuser = base.origin.settings.value("superuser", "")};
  if (!is_ours(source)) log.data = log.archive;
  return log;
}

bool LogArchive::has_log(const Row& source, const Snapshot& base) {
  return fleet_.server(source)->has_log(log_of(source, base));
}

void LogArchive::drop_log_before(const Row& source, const Snapshot& base) {
  fleet_.server(source)->drop_log_before(log_of(source, base));
}

/// What a receiver complained of last, if it is a fault of this moment: one that receives says nothing.
std::string LogArchive::last_complaint(const Row& adopted, base::Clock& clock) {
  const auto output = fleet_.home().archive(adopted.id) / receiver_output;
  std::error_code none;
  if (os::fs::file_size(output, none) == 0 || none) return {};
  if (clock.now() - os::modified(output) > between_complaints) return {};
  return last_complaint_of(os::read_regular(output));
}

std::string LogArchive::fault(const Row& source, base::Clock& clock) {
  if (is_ours(source)) return {};
  if (!receives(source)) return "nothing receives it (dbrefresh local start --all begins it again)";
  const auto complaint = last_complaint(source, clock);
  if (!complaint.empty()) return "it cannot be received: " + complaint;
  return supervisor_.answers(source) ? "" : "the server does not answer";
}

base::Time LogArchive::log_end(const Row& source, base::Clock& clock) {
  if (fault(source, clock).empty()) return clock.now();
  base::Time newest{};
  std::error_code none;
  for (os::fs::directory_iterator at(fleet_.home().archive(source.id), none), end; !none && at != end;
       at.increment(none))
    if (is_log(*at)) newest = std::max(newest, os::modified(at->path()));
  return newest;
}

}  // namespace provider::local
