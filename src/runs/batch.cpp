#include "runs/batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "refresh/workflow.h"

namespace runs {
namespace {

namespace fs = std::filesystem;

bool is_refresh_file(const fs::path& path) {
  const auto ending = path.extension();
  return (ending == ".json" || ending == ".yaml" || ending == ".yml") && path.filename() != "defaults.yaml" &&
         !path.filename().string().starts_with('.');
}

std::vector<std::string> files_in(const fs::path& folder) {
  std::vector<std::string> all;
  for (const auto& each : fs::directory_iterator(folder))
    if (is_refresh_file(each.path()) && !each.is_directory()) all.push_back(each.path().string());
  if (all.empty())
    throw base::Error("BadInput", fmt::format("'{}' has no refresh file", folder.string()),
                      "their names end in .json, .yaml or .yml");
  std::ranges::sort(all);
  return all;
}

/// What a file of a group shows, "" if it is no point in time.
std::string time_of(const Planned& planned) {
  return planned.ok() ? refresh::facts_of(planned.file.members).restore_time : "";
}

using Tell = std::function<void(const Planned& of, std::string message)>;

/// They are made together, of one moment, or not at all.
void check_group(const std::string& name, const std::vector<const Planned*>& members, const Tell& tell) {
  const auto bad = std::ranges::find_if(members, [](const Planned* each) { return !each->ok(); });
  const auto first =
      std::ranges::find_if(members, [](const Planned* each) { return !time_of(*each).empty(); });
  for (const Planned* each : members) {
    if (!each->ok()) continue;
    const auto time = time_of(*each);
    if (bad != members.end())
      tell(*each, fmt::format("{} of its group '{}' is refused", (*bad)->path, name));
    else if (time.empty())
      tell(*each,
           fmt::format("a group shows one point in time: say one in from.at, as -1m (group '{}')", name));
    else if (time != time_of(**first))
      tell(*each, fmt::format("shows {}, and {} of its group '{}' shows {}", time, (*first)->path, name,
                              time_of(**first)));
  }
}

/// Which of them may be made now, and how many there are that wait.
class Queue {
 public:
  Queue(const std::vector<std::string>& sources, const Limits& limits, const std::stop_token& stop)
      : sources_(sources), limits_(limits), stop_(stop), begun_(sources.size(), false) {}

  /// Nothing when no more are to be begun.
  std::optional<std::size_t> take() {
    std::unique_lock lock(mutex_);
    while (!stop_.stop_requested()) {
      bool all_begun = true;
      for (std::size_t i = 0; i < sources_.size(); ++i) {
        if (begun_[i]) continue;
        all_begun = false;
        if (running_[sources_[i]] >= limits_.per_source) continue;
        begun_[i] = true;
        ++running_[sources_[i]];
        return i;
      }
      if (all_begun) return std::nullopt;
      changed_.wait(lock, stop_, [before = ended_, this] { return ended_ != before; });
    }
    return std::nullopt;
  }
  void give_back(std::size_t i) {
    {
      const std::lock_guard lock(mutex_);
      --running_[sources_[i]];
      ++ended_;
    }
    changed_.notify_all();
  }

 private:
  const std::vector<std::string>& sources_;
  const Limits& limits_;
  std::stop_token stop_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<bool> begun_;
  std::map<std::string, std::size_t> running_;
  std::size_t ended_ = 0;
};

}  // namespace

std::vector<std::string> refresh_files(const std::vector<std::string>& paths) {
  std::vector<std::string> all;
  for (const auto& path : paths) {
    if (!fs::is_directory(path)) {
      all.push_back(path);
      continue;
    }
    for (auto& each : files_in(path)) all.push_back(std::move(each));
  }
  return all;
}

std::map<std::string, std::vector<base::Problem>> problems_of_set(const std::vector<Planned>& files) {
  std::map<std::string, std::vector<base::Problem>> problems;
  const auto tell = [&](const Planned& of, std::string message) {
    problems[of.path].push_back(of.file.problem_at("$.restore.restoretype", std::move(message)));
  };
  std::map<std::string, std::vector<const Planned*>> targets, groups;
  for (const Planned& each : files) {
    if (!each.file.group.empty()) groups[each.file.group].push_back(&each);
    if (each.ok()) targets[each.file.names.target].push_back(&each);
  }
  // Nobody can say which of them is meant.
  for (const auto& [target, all] : targets)
    for (const Planned* each : all)
      if (all.size() > 1)
        tell(*each,
             fmt::format("'{}' is refreshed by {} too", target, (each == all[0] ? all[1] : all[0])->path));
  for (const auto& [name, members] : groups) check_group(name, members, tell);
  return problems;
}

void make_all(const std::vector<std::string>& sources, const Limits& limits, const std::stop_token& stop,
              const std::function<void(std::size_t)>& make) {
  Queue queue(sources, limits, stop);
  std::vector<std::jthread> workers;
  for (std::size_t i = 0; i < std::min(limits.jobs, sources.size()); ++i)
    workers.emplace_back([&] {
      while (const auto next = queue.take()) {
        make(*next);
        queue.give_back(*next);
      }
    });
}

}  // namespace runs
