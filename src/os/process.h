// Programs: those we wait for, and servers that outlive us.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "os/files.h"

namespace os {

/// A variable of this process's environment; "" if it is not set. Nobody here sets any.
std::string environment(const char* name);

/// A program to run. `argv[0]` is looked up in PATH. Arguments are visible to every user of the host: no
/// secrets.
struct Command {
  std::vector<std::string> argv;
  std::optional<Ids> user;  ///< run as (needs root); default: as we are
  std::vector<std::string>
      environment;  ///< `NAME=value`, added to a bare PATH and LANG=C; seen by the same user alone
  fs::path folder;  ///< working directory; default: /
  fs::path input = "/dev/null";  ///< standard input; opened as we are
  fs::path output;  ///< start() alone: standard output and error go to the end of this file, opened as `user`
};

struct Finished {
  int exit_code = 0;   ///< 128 + signal where a signal ended it
  std::string output;  ///< the last 16 KiB of standard output and error
};

/// Runs a program to its end; it dies with us. Throws Cancelled when `stop` is asked for and DeadlineExceeded
/// at `deadline` (the program and all it started are killed then), ProgramNotFound where there is none.
/// `tick` is called about ten times a second, for progress.
Finished run(const Command& command, base::Clock& clock, base::Time deadline, const std::stop_token& stop,
             const std::function<void()>& tick = {});

/// run(), and throws with the end of the output unless the exit code is 0: `ProgramCrashed` where a fault of
/// its own ended the program, as SIGSEGV or SIGABRT; `DiskFull`; else `ProgramFailed`.
Finished run_or_throw(const Command& command, base::Clock& clock, base::Time deadline,
                      const std::stop_token& stop, const std::function<void()>& tick = {});
/// Is this what programs write when a disk is full?
bool tells_of_full_disk(std::string_view output);

/// Which process: a pid is reused, a pid with its start time is not.
struct ProcessId {
  int pid = 0;
  std::uint64_t start_time = 0;  ///< clock ticks since boot, of /proc/<pid>/stat
  bool operator==(const ProcessId&) const = default;
};

/// Starts a program in a session of its own that outlives us; init reaps it. It runs, or has failed to, when
/// this returns. Output goes to command.output, which must be set and is no link and no pipe. Throws
/// ProgramNotFound, ProcessError.
ProcessId start(const Command& command);

/// Does this very process run, and not as a zombie? It runs until its last thread has ended, and let go of
/// its files and ports: of a killed one the first thread may end before others.
bool is_running(const ProcessId& process);
/// What runs under a pid now; nothing if no process does.
std::optional<ProcessId> identify(int pid);
/// The folder that a process works in; "" where we may not look.
fs::path working_folder(int pid);
/// The beginning of its command line; programs may change theirs. "" where we may not look.
std::string title(int pid);

/// File names of executables, as /proc/<pid>/exe has them.
using Programs = std::vector<std::string>;

/// Does a process run one of `programs` in `folder` (canonical)? Not if we may not look. The shell of
/// somebody who looks around there does not.
bool works_in(int pid, const fs::path& folder, const Programs& programs);

/// Of the processes that do, zombies aside, the one that started first: a server, not one of its children.
std::optional<ProcessId> find_working_in(const fs::path& folder, const Programs& programs);

/// Signals this very process through a pidfd; false if it is gone. Never reaches another process.
bool send_signal(const ProcessId& process, int signal);

/// Kills all that runs one of `programs` in `folder`, and waits until it is gone. A folder that is not there
/// has nobody.
void kill_working_in(const fs::path& folder, const Programs& programs);

/// Removes a segment of System V shared memory that belongs to `owner` and that nobody uses any more. Waits
/// up to 5 s for who still uses it: a killed process is seen nowhere in /proc before it has let its memory
/// go. Else does nothing.
void remove_shared_memory(int id, const Ids& owner);

/// Finds a program in PATH and the folders where distributions hide servers; "" if there is none.
fs::path find_program(const std::string& name);

}  // namespace os
