#include "cli/progress.h"

#include <fmt/format.h>

#include <iostream>

#include "base/text.h"
#include "cli/output.h"
#include "refresh/workflow.h"

namespace cli {
namespace {

constexpr std::string_view frames[] = {"|", "/", "-", "\\"};
constexpr int name_width = 24;

}  // namespace

Progress::Progress(base::Clock& clock, bool terminal, const Options& options)
    : clock_(clock), terminal_(terminal), options_(options) {
  if (!terminal_) return;
  painter_ = std::jthread([this](const std::stop_token& stop) {
    while (clock_.sleep_until(clock_.now() + std::chrono::milliseconds(100), stop)) {
      const std::lock_guard lock(mutex_);
      draw();
    }
  });
}

Progress::~Progress() {
  painter_.request_stop();
}

std::string Progress::detail() const {
  if (detail_.total == 0) return detail_.what;
  return fmt::format("{} {} of {}", detail_.what, base::human_bytes(detail_.done),
                     base::human_bytes(detail_.total));
}

void Progress::draw() {
  if (step_.empty()) return;
  std::cout << fmt::format("\r\x1b[K  {} {:<{}} {:>9}  {}", frames[frame_++ % std::size(frames)], step_,
                           name_width, base::human_duration(clock_.now() - begun_), detail())
            << std::flush;
}

void Progress::close_line(std::string_view verdict) {
  if (step_.empty()) return;
  std::cout << fmt::format("{}  {:<6} {:<{}} {:>9}{}\n", terminal_ ? "\r\x1b[K" : "", verdict, step_,
                           name_width, base::human_duration(clock_.now() - begun_),
                           !failed_ || error_.empty() ? "" : "  " + error_.substr(0, error_.find('\n')))
            << std::flush;
  step_.clear();
  detail_ = {};
  failed_ = false;
}

void Progress::history(const std::string&, const asl::HistoryEvent& event, base::Time at) {
  const std::lock_guard lock(mutex_);
  if (event.type == "TaskFailed") {
    failed_ = true;
    error_ = event.details.value("cause", "");
  }
  if (event.type == "TaskSucceeded") failed_ = false;
  if (event.type != "TaskStateEntered") return;
  const auto ref = refresh::find_state(event.state);
  if (!ref || ref->is_check) return;
  close_line(failed_ ? "FAILED" : "ok");
  step_ = event.state;
  begun_ = at;
  if (terminal_) draw();
}

void Progress::progress(const std::string&, const std::string&, const base::Note& note) {
  const std::lock_guard lock(mutex_);
  detail_ = note;
}

void Progress::leaves(const std::string&, bool ended) {
  const std::lock_guard lock(mutex_);
  close_line(failed_ ? "FAILED" : ended ? "ok" : "left");
}

void Progress::clears(const std::string& run, bool interrupted) {
  std::cout << fmt::format("run {} {}; it is rolled back first\n", run,
                           interrupted ? "was interrupted" : "could not be rolled back");
}

void Progress::awaits(const std::string& run) {
  std::cout << fmt::format("run {} is told to stop; waiting until everything is put back\n", run)
            << std::flush;
}

void Progress::plans(const std::string& run, const runs::Planned& planned) {
  print_problems(planned.path, planned.problems, options_);
  if (!planned.ok()) return;
  std::cout << fmt::format("run {}: {} -> {}\n", run, planned.file.names.source, planned.file.names.target);
  for (const auto& note : planned.plan.notes) std::cout << "  note: " << with_home(note, options_) << "\n";
}

}  // namespace cli
