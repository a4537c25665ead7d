#include "os/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/error.h"
#include "base/text.h"

namespace os {
namespace {

using base::Error;

constexpr std::size_t output_limit_bytes = 16U << 10U;
constexpr std::size_t told_bytes = 1500;  ///< of it, in an error

/// What the child needs, made ready before fork: after it only async-signal-safe calls are allowed.
struct Prepared {
  fs::path program;
  std::vector<char*> argv;
  std::vector<char*> environment;
  std::string folder, input, output;
  const Ids* user = nullptr;
};

Prepared prepare(const Command& command) {
  Prepared out;
  out.program = find_program(command.argv.at(0));
  if (out.program.empty()) {
    throw Error("ProgramNotFound", fmt::format("the program '{}' is not installed", command.argv[0]),
                "install the package that has it; tools/setup installs what dbrefresh needs");
  }
  for (const auto& each : command.argv) out.argv.push_back(const_cast<char*>(each.c_str()));
  out.argv.push_back(nullptr);
  for (const char* each : {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C"})
    out.environment.push_back(const_cast<char*>(each));
  for (const auto& each : command.environment) out.environment.push_back(const_cast<char*>(each.c_str()));
  out.environment.push_back(nullptr);
  out.folder = command.folder.empty() ? "/" : command.folder.string();
  out.input = command.input;
  out.output = command.output;
  if (command.user && command.user->uid != ::geteuid()) out.user = &*command.user;
  return out;
}

/// What start() hears of the processes it makes: of the middle one the server's pid, of the server why it
/// could not become the program. Written whole: it is shorter than PIPE_BUF.
struct Told {
  enum Kind : int { pid, no_input, no_user, no_folder, no_log, no_program } kind = pid;
  int value = 0;  ///< the pid, or an errno
};

[[noreturn]] void give_up(int tell_fd, Told::Kind why) {
  const Told told{why, errno};
  if (tell_fd >= 0) [[maybe_unused]]
    const auto written = ::write(tell_fd, &told, sizeof told);
  ::_exit(why == Told::no_program ? 127 : 126);
}

/// As the user that the program runs as: in a folder of its own it may have put a link or a pipe there.
int open_log(const Prepared& prepared) {
  return ::open(prepared.output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
                0600);
}

/// Output goes to `out_fd`, or if that is -1 to the prepared file.
[[noreturn]] void become(const Prepared& prepared, int out_fd, bool dies_with_us, int tell_fd) {
  const int in = ::open(prepared.input.c_str(), O_RDONLY | O_CLOEXEC);
  if (in < 0) give_up(tell_fd, Told::no_input);
  ::dup2(in, 0);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGINT, SIG_DFL);
  ::signal(SIGPIPE, SIG_DFL);
  if (prepared.user != nullptr) {
    const gid_t group = prepared.user->gid;
    if (::setgroups(1, &group) != 0 || ::setgid(group) != 0 || ::setuid(prepared.user->uid) != 0)
      give_up(tell_fd, Told::no_user);
  }
  if (dies_with_us) ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // after setuid, which would clear it
  const int output = out_fd >= 0 ? out_fd : open_log(prepared);
  if (output < 0) give_up(tell_fd, Told::no_log);
  ::dup2(output, 1);
  ::dup2(output, 2);
  if (::chdir(prepared.folder.c_str()) != 0) give_up(tell_fd, Told::no_folder);
  // start() waits for the pipe of which this is the end to close: at the very execve.
  if (::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) != 0) ::closefrom(3);
  ::execve(prepared.program.c_str(), prepared.argv.data(), prepared.environment.data());
  give_up(tell_fd, Told::no_program);
}

/// Reads what is there without budget; false at the end.
bool drain(int fd, std::string& output) {
  std::array<char, 4096> buffer{};
  while (true) {
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got == 0) return false;
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    output.append(buffer.data(), static_cast<std::size_t>(got));
    if (output.size() > 2 * output_limit_bytes) output.erase(0, output.size() - output_limit_bytes);
  }
}

/// A child with its output pipe. Destruction kills its whole process group and reaps it.
class Child {
 public:
  explicit Child(const Command& command) {
    const Prepared prepared = prepare(command);
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
      throw Error("ProcessError", fmt::format("pipe: {}", std::strerror(errno)));
    pid_ = ::fork();
    if (pid_ == 0) {
      ::setpgid(0, 0);
      become(prepared, ends[1], true, -1);
    }
    ::close(ends[1]);
    pipe_ = ends[0];
    if (pid_ < 0) {
      ::close(pipe_);
      throw Error("ProcessError", fmt::format("fork: {}", std::strerror(errno)));
    }
    ::setpgid(pid_, pid_);
    ::fcntl(pipe_, F_SETFL, O_NONBLOCK);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (!reaped_) {
      ::kill(-pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    ::close(pipe_);
  }

  /// Waits up to 100 ms; the exit code once it has ended.
  std::optional<int> poll_end(std::string& output) {
    pollfd wait{pipe_, POLLIN, 0};
    if (open_) {
      ::poll(&wait, 1, 100);
      open_ = drain(pipe_, output);
    } else {
      ::poll(nullptr, 0, 5);
    }
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
    reaped_ = true;
    drain(pipe_, output);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  pid_t pid_ = -1;
  int pipe_ = -1;
  bool open_ = true;
  bool reaped_ = false;
};

/// Of /proc/<pid>/stat (proc(5)): fields 22, 3 and 20.
struct Stat {
  std::uint64_t start_time = 0;
  char state = 0;
  int threads = 0;
};

/// The command's name, which stands in brackets before them, may hold anything.
std::optional<Stat> stat_of(int pid) {
  std::string stat;
  try {
    stat = read_file(fmt::format("/proc/{}/stat", pid), 1U << 16U);
  } catch (const Error&) {
    return std::nullopt;
  }
  const auto close = stat.rfind(')');
  if (close == std::string::npos) return std::nullopt;
  const auto fields = base::split_list(std::string_view(stat).substr(close + 1), ' ');
  if (fields.size() < 20) return std::nullopt;
  return Stat{std::strtoull(fields[19].c_str(), nullptr, 10), fields[0][0], std::atoi(fields[17].c_str())};
}

fs::path read_link(int pid, const char* name) {
  std::error_code error;
  return fs::read_symlink(fmt::format("/proc/{}/{}", pid, name), error);
}

std::string why_not(const Told& told, const Command& command) {
  switch (told.kind) {
    case Told::no_log:
      return "opening its log " + command.output.string();
    case Told::no_folder:
      return "entering " + command.folder.string();
    case Told::no_user:
      return "becoming the user " + command.user->name;
    case Told::no_input:
      return "opening " + command.input.string();
    default:
      return "executing it";
  }
}

/// Reads until the other end closes: at the execve of the program.
int read_pid(int pipe, std::optional<Told>& failed) {
  int pid = -1;
  Told told;
  while (true) {
    const ssize_t got = ::read(pipe, &told, sizeof told);
    if (got < 0 && errno == EINTR) continue;
    if (got != sizeof told) return pid;
    if (told.kind == Told::pid)
      pid = told.value;
    else
      failed = told;
  }
}

/// Programs say at the end why they end, and people read the first line.
std::string last_line_first(std::string_view all) {
  const auto at = all.rfind('\n');
  if (at == std::string_view::npos) return std::string(base::tail(all, told_bytes));
  const auto before = base::trim(all.substr(0, at));
  std::string told(base::tail(before, told_bytes));
  if (told.size() < before.size()) told = "…" + told.substr(std::min(told.find('\n'), told.size()));
  return fmt::format("{}\nbefore that it said:\n{}", base::tail(all.substr(at + 1), told_bytes), told);
}

bool crashed(int exit_code) {
  static constexpr int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE};
  return std::ranges::find(signals, exit_code - 128) != std::end(signals);
}

}  // namespace

Finished run(const Command& command, base::Clock& clock, base::Time deadline, const std::stop_token& stop,
             const std::function<void()>& tick) {
  Child child(command);
  Finished out;
  while (true) {
    const auto code = child.poll_end(out.output);
    if (code) {
      out.exit_code = *code;
      out.output = base::tail(out.output, output_limit_bytes);
      return out;
    }
    if (tick) tick();
    if (stop.stop_requested())
      throw Error("Cancelled", fmt::format("stopped while '{}' was running", command.argv[0]));
    if (clock.now() >= deadline)
      throw Error("DeadlineExceeded",
                  fmt::format("'{}' did not end in time and was killed", command.argv[0]));
  }
}

bool tells_of_full_disk(std::string_view output) {
  static constexpr std::string_view words[] = {"No space left", "Errcode: 28", "failed with error 28"};
  return std::ranges::any_of(
      words, [&](std::string_view each) { return output.find(each) != std::string_view::npos; });
}

Finished run_or_throw(const Command& command, base::Clock& clock, base::Time deadline,
                      const std::stop_token& stop, const std::function<void()>& tick) {
  Finished finished = run(command, clock, deadline, stop, tick);
  if (finished.exit_code != 0) {
    const std::string_view all = base::trim(finished.output);
    const char* code = tells_of_full_disk(all)       ? "DiskFull"
                       : crashed(finished.exit_code) ? "ProgramCrashed"
                                                     : "ProgramFailed";
    throw Error(code, fmt::format("'{}' ended with {}: {}", command.argv[0], finished.exit_code,
                                  last_line_first(all)));
  }
  return finished;
}

ProcessId start(const Command& command) {
  const Prepared prepared = prepare(command);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    throw Error("ProcessError", fmt::format("pipe: {}", std::strerror(errno)));
  const pid_t middle = ::fork();
  if (middle == 0) {  // a double fork: the server's parent is init
    ::setsid();
    const pid_t server = ::fork();
    if (server == 0) become(prepared, -1, false, ends[1]);
    const Told told{Told::pid, server};
    [[maybe_unused]] const auto written = ::write(ends[1], &told, sizeof told);
    ::_exit(0);
  }
  const int failure = errno;
  ::close(ends[1]);
  std::optional<Told> failed;
  const int server = middle < 0 ? -1 : read_pid(ends[0], failed);
  ::close(ends[0]);
  if (middle < 0) throw Error("ProcessError", fmt::format("fork: {}", std::strerror(failure)));
  ::waitpid(middle, nullptr, 0);
  if (failed)
    throw Error("ProcessError", fmt::format("could not start '{}': {}: {}", command.argv[0],
                                            why_not(*failed, command), std::strerror(failed->value)));
  if (server <= 0) throw Error("ProcessError", fmt::format("could not start '{}'", command.argv[0]));
  return identify(server).value_or(ProcessId{server, 0});
}

std::optional<ProcessId> identify(int pid) {
  const auto stat = stat_of(pid);
  if (!stat || stat->state == 'X' || (stat->state == 'Z' && stat->threads <= 1)) return std::nullopt;
  return ProcessId{pid, stat->start_time};
}

bool is_running(const ProcessId& process) {
  return process.pid > 0 && identify(process.pid) == process;
}

fs::path working_folder(int pid) {
  return read_link(pid, "cwd");
}

std::string title(int pid) {
  std::ifstream in(fmt::format("/proc/{}/cmdline", pid), std::ios::binary);
  std::string line(64, '\0');
  in.read(line.data(), static_cast<std::streamsize>(line.size()));
  line.resize(static_cast<std::size_t>(in.gcount()));
  return line;
}

bool works_in(int pid, const fs::path& folder, const Programs& programs) {
  if (working_folder(pid) != folder) return false;
  auto program = read_link(pid, "exe").filename().string();
  constexpr std::string_view replaced = " (deleted)";  // by a newer version of its package
  if (program.ends_with(replaced)) program.resize(program.size() - replaced.size());
  return std::find(programs.begin(), programs.end(), program) != programs.end();
}

std::optional<ProcessId> find_working_in(const fs::path& folder, const Programs& programs) {
  std::error_code error;
  std::optional<ProcessId> first;
  for (fs::directory_iterator at("/proc", error), end; !error && at != end; at.increment(error)) {
    const int pid = std::atoi(at->path().filename().c_str());
    if (pid <= 0 || !works_in(pid, folder, programs)) continue;
    const auto found = identify(pid);
    if (found && (!first || found->start_time < first->start_time)) first = found;
  }
  return first;
}

bool send_signal(const ProcessId& process, int signal) {
  const auto fd = static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0));
  if (fd < 0) return false;
  // Looked at after the pidfd is open: from here on the pid cannot come to mean another process.
  const bool sent = is_running(process) && ::syscall(SYS_pidfd_send_signal, fd, signal, nullptr, 0) == 0;
  ::close(fd);
  return sent;
}

void kill_working_in(const fs::path& folder, const Programs& programs) {
  std::error_code missing;
  // The folder itself may be what somebody has put there: a link to another's.
  const auto there = fs::canonical(folder.parent_path(), missing) / folder.filename();
  if (missing) return;
  while (const auto found = find_working_in(there, programs)) {
    const auto fd = static_cast<int>(::syscall(SYS_pidfd_open, found->pid, 0));
    if (fd < 0) continue;
    if (send_signal(*found, SIGKILL)) {
      pollfd gone{fd, POLLIN, 0};
      ::poll(&gone, 1, -1);
    }
    ::close(fd);
  }
}

void remove_shared_memory(int id, const Ids& owner) {
  constexpr int looks = 250, between_ms = 20;
  for (int look = 0; look < looks; ++look) {
    shmid_ds segment{};
    if (::shmctl(id, IPC_STAT, &segment) != 0 || segment.shm_perm.uid != owner.uid) return;
    if (segment.shm_nattch == 0) {
      ::shmctl(id, IPC_RMID, nullptr);
      return;
    }
    ::poll(nullptr, 0, between_ms);
  }
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody here sets any
  return value == nullptr ? "" : value;
}

fs::path find_program(const std::string& name) {
  if (name.find('/') != std::string::npos)
    return ::access(name.c_str(), X_OK) == 0 ? fs::path(name) : fs::path();
  auto folders = base::split_list(environment("PATH"), ':');
  for (const char* more :
       {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/libexec"})
    folders.emplace_back(more);
  for (const auto& folder : folders) {
    const fs::path candidate = fs::path(folder) / name;
    if (::access(candidate.c_str(), X_OK) == 0 && fs::is_regular_file(candidate)) return candidate;
  }
  return {};
}

}  // namespace os
