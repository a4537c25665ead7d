// The logs of adopted servers: received as they grow, by a process that outlives us.
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "provider/local/databases.h"

namespace provider::local {
namespace {

using base::Error;
using namespace std::chrono_literals;

constexpr std::uintmax_t biggest_output =
    1U << 20U;  ///< it complains every few seconds while its source is away

bool is_log(const os::fs::directory_entry& entry) {
  return !entry.path().filename().string().starts_with("receiver.");
}

}  // namespace

/// All of it works in the archive's folder: found there, whoever started it, as a server is in its own.
bool Databases::receives(const Row& adopted) {
  std::error_code missing;
  const auto folder = os::fs::canonical(home_.archive(adopted.id), missing);
  return !missing && os::find_working_in(folder, receiver_programs());
}

void Databases::start_receiving(const Row& adopted, const Budget& budget) {
  const auto folder = home_.archive(adopted.id);
  if (receives(adopted)) return os::rotate(folder / receiver_output, biggest_output);
  const auto account = home_.accounts().claim(folder);
  os::remove_tree(folder / receiver_output);
  auto command = server(adopted)->receiver(administrator(adopted));
  command.user = account;
  command.folder = folder;
  command.output = folder / receiver_output;
  const auto receiver = os::start(command);
  const auto enough = budget.clock.now() + 30s;
  while (std::none_of(os::fs::directory_iterator(folder), os::fs::directory_iterator(), is_log)) {
    const auto said = os::read_regular(folder / receiver_output);
    const bool failed = !os::is_running(receiver) || base::lower(said).find("error") != std::string::npos;
    if (failed || budget.clock.now() >= enough) {
      stop_receiving(adopted);
      throw Error("LogNotReceived",
                  fmt::format("the log of '{}' cannot be received: {}", adopted.name, base::trim(said)),
                  "the user needs the right to replicate; PostgreSQL's pg_hba.conf a line for it");
    }
    if (!budget.clock.sleep_until(budget.clock.now() + 20ms, budget.stop))
      throw Error("Interrupted", "stopped while a log was about to be received");
  }
}

void Databases::stop_receiving(const Row& adopted) {
  os::kill_working_in(home_.archive(adopted.id), receiver_programs());
}

/// While the source answers, a restore fetches what is missing; without it, what we have is all there is.
base::Time Databases::log_end(const Row& source) {
  if (source.adopted.is_null() || status_of(source) == "available") return base::SystemClock().now();
  base::Time newest{};
  for (const auto& entry : os::fs::directory_iterator(home_.archive(source.id)))
    if (is_log(entry)) newest = std::max(newest, os::modified(entry.path()));
  return newest;
}

/// The log may lag behind the copy for a moment. If it does not come, it has a gap that nothing can fill: it
/// is begun anew, for the copies from now on.
bool Databases::await_log(const Row& adopted, const Snapshot& base, const Budget& budget) {
  const auto enough = budget.clock.now() + 10s;
  const auto its = server(adopted);
  while (!its->has_log(log_of(adopted, base))) {
    if (budget.clock.now() >= enough || !receives(adopted)) {
      stop_receiving(adopted);
      os::remove_tree(home_.archive(adopted.id));
      start_receiving(adopted, budget);
      return false;
    }
    if (!budget.clock.sleep_until(budget.clock.now() + 50ms, budget.stop))
      throw Error("Interrupted", "stopped while a log was being received");
  }
  return true;
}

}  // namespace provider::local
