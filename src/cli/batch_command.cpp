#include "cli/batch_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <mutex>

#include "base/error.h"
#include "base/text.h"
#include "cli/output.h"
#include "cli/run_output.h"
#include "cli/signals.h"
#include "runs/account_refusal.h"
#include "runs/housekeeping.h"

namespace cli {
namespace {

using base::Json;

/// One of the files, and what came of it.
struct Item {
  runs::Request request;
  runs::Planned planned;
  Json outcome;       ///< of its run; null: none was begun
  std::string error;  ///< why there is no outcome
};

/// Says what happens to one of several, a line each.
class Teller : public runs::Listener {
 public:
  Teller(std::mutex& mutex, std::string name, const Options& options)
      : mutex_(mutex), name_(std::move(name)), options_(options) {}
  void plans(const std::string& run, const runs::Planned& planned) override {
    const std::lock_guard lock(mutex_);
    if (options_.json) return;
    print_problems(planned.path, planned.problems, options_);
    if (planned.ok()) std::cout << fmt::format("{}: run {} begins\n", name_, run) << std::flush;
  }
  void clears(const std::string& run, bool) override {
    const std::lock_guard lock(mutex_);
    if (!options_.json)
      std::cout << fmt::format("{}: run {} is rolled back first\n", name_, run) << std::flush;
  }

 private:
  std::mutex& mutex_;
  std::string name_;
  const Options& options_;
};

class Batch {
 public:
  Batch(const runs::Limits& limits, int keep_days, const Options& options)
      : limits_(limits), keep_days_(keep_days), options_(options) {}

  int run(const std::vector<std::string>& paths, const runs::Request& pattern) {
    read(paths, pattern);
    const auto begun = clock_.now();
    std::vector<std::string> sources;
    for (const Item& each : items_) sources.push_back(each.planned.file.names.source);
    runs::make_all(sources, limits_, signals_.token(), [this](std::size_t i) { make(items_[i]); });
    if (options_.json) {
      Json all = Json::array();
      for (const Item& each : items_) all.push_back(view(each));
      print_json(all);
    } else {
      print_table(base::human_duration(clock_.now() - begun));
    }
    return worst();
  }

 private:
  /// All at one moment: what `-15m` means is the same for all.
  void read(const std::vector<std::string>& paths, const runs::Request& pattern) {
    const auto now = clock_.now();
    std::vector<runs::Planned> files;
    for (const auto& path : runs::refresh_files(paths)) {
      Item item{.request = pattern, .planned = runs::read_refresh_file(path, now)};
      item.request.path = path;
      item.request.now = now;
      files.push_back(item.planned);
      items_.push_back(std::move(item));
    }
    auto problems = runs::problems_of_set(files);
    for (Item& each : items_) each.request.objections = std::move(problems[each.request.path]);
  }

  static std::string name_of(const Item& item) {
    const auto& target = item.planned.file.names.target;
    return target.empty() ? item.request.path : target;
  }

  void make(Item& item) {
    try {
      drive(item);
    } catch (const std::exception& error) {
      item.error = error.what();
    }
    const std::lock_guard lock(mutex_);
    if (!options_.json) std::cout << line(item) << std::flush;
  }
  /// In a world of its own: no thread shares a journal with another one.
  void drive(Item& item) {
    Teller teller(mutex_, name_of(item), options_);
    std::unique_ptr<runs::World> world;
    try {
      world = runs::open_world(options_.home, whereabouts(options_));
    } catch (const base::Error& error) {
      if (error.code != runs::account_refused) throw;
      runs::LocalWorld home(options_.home);
      const auto id = runs::Driver(home, teller, signals_.token(), keep_days_)
                          .refuse(item.request, error, runs::presumed_place(whereabouts(options_)));
      item.outcome = runs::outcome_view(home, id);
      return;
    }
    const auto id = runs::Driver(*world, teller, signals_.token(), keep_days_).start(item.request);
    item.outcome = runs::outcome_view(*world, id);
    runs::send_notices(*world);
  }

  static int code(const Item& item) {
    if (!item.outcome.is_null()) return exit_of(item.outcome);
    return item.error.empty() ? Exit::interrupted : Exit::failed;
  }
  static std::string_view verdict(const Item& item) {
    if (item.outcome.is_null() && item.error.empty()) return "not begun";
    switch (code(item)) {
      case Exit::done:
        return "done";
      case Exit::bad_input:
        return "refused";
      case Exit::interrupted:
        return "interrupted";
      default:
        return "failed";
    }
  }
  std::string line(const Item& item) const {
    const Json& outcome = item.outcome;
    std::string more = item.error;
    if (!outcome.is_null()) {
      more = fmt::format("run {}", outcome["run"].get<std::string>());
      if (outcome["seconds"].is_number()) more = seconds_text(outcome["seconds"]) + "  " + more;
      if (outcome["cause"].is_string()) more += ": " + outcome["cause"].get<std::string>();
    }
    return with_home(fmt::format("{:<11} {:<24} {}\n", verdict(item), name_of(item), more), options_);
  }
  void print_table(const std::string& took) const {
    std::cout << "\n";
    for (const Item& each : items_) std::cout << line(each);
    const auto done =
        std::ranges::count_if(items_, [](const Item& each) { return code(each) == Exit::done; });
    std::cout << fmt::format("{} of {} refreshed in {}\n", done, base::counted(items_.size(), "database"),
                             took);
  }
  Json view(const Item& item) const {
    return {{"file", item.request.path},
            {"verdict", verdict(item)},
            {"error", item.error.empty() ? Json() : Json(item.error)},
            {"outcome", item.outcome.is_null() ? Json() : with_home(item.outcome, options_)}};
  }
  int worst() const {
    int worst = Exit::done;
    constexpr Exit order[] = {Exit::done, Exit::bad_input, Exit::failed, Exit::interrupted};
    for (const Item& each : items_)
      if (std::ranges::find(order, code(each)) > std::ranges::find(order, worst)) worst = code(each);
    return worst;
  }

  Signals signals_;  // first: all threads that come later block what it listens for
  runs::Limits limits_;
  int keep_days_;
  const Options& options_;
  base::SystemClock clock_;
  std::mutex mutex_;  ///< of what is printed
  std::vector<Item> items_;
};

}  // namespace

int run_batch(const std::vector<std::string>& paths, const runs::Request& pattern, const runs::Limits& limits,
              int keep_days, const Options& options) {
  return Batch(limits, keep_days, options).run(paths, pattern);
}

}  // namespace cli
