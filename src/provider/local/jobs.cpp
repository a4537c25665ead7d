#include "provider/local/jobs.h"

#include "base/error.h"

namespace provider::local {

using namespace std::chrono_literals;

namespace {

/// How often those who wait look at their budget's clock.
constexpr auto glance = 50ms;
/// Longer than any restore may take: whoever asked ends a job that is wanted no more.
constexpr auto longest_job = 48h;

}  // namespace

Jobs::Jobs(base::Clock& clock, unsigned heavy_workers, unsigned light_workers) : clock_(clock) {
  auto hire = [this](Pool& pool, unsigned count) {
    for (unsigned i = 0; i < count; ++i)
      pool.workers.emplace_back([this, &pool](const std::stop_token& stop) { work(pool, stop); });
  };
  hire(heavy_, heavy_workers);
  hire(light_, light_workers);
}

Jobs::~Jobs() {
  {
    const std::lock_guard lock(mutex_);
    for (Pool* pool : {&heavy_, &light_}) {
      pool->queue.clear();
      for (auto& worker : pool->workers) worker.request_stop();
    }
    for (auto& [key, job] : jobs_) job->stop.request_stop();
  }
  heavy_.workers.clear();
  light_.workers.clear();
}

bool Jobs::begin(const std::string& key, const std::string& what, Weight weight,
                 std::optional<os::FileLock> held, Task task) {
  const std::lock_guard lock(mutex_);
  auto& job = jobs_[key];
  if (job && !job->failure) return false;
  job = std::make_unique<Job>();
  job->what = what;
  job->task = std::move(task);
  if (held) job->held.emplace(*std::move(held));
  job->began = clock_.now();
  if (weight == Weight::heavy) job->note = {"waiting for other copies"};
  (weight == Weight::heavy ? heavy_ : light_).queue.push_back(key);
  changed_.notify_all();
  return true;
}

void Jobs::work(Pool& pool, const std::stop_token& stop) {
  while (true) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait(lock, stop, [&] { return !pool.queue.empty(); })) return;
    const std::string key = std::move(pool.queue.front());
    pool.queue.pop_front();
    Job& job = *jobs_.at(key);
    job.running = true;
    job.note = {};
    lock.unlock();
    run(key, job);
  }
}

/// What has ended well is gone; a failure stays until somebody hears of it.
void Jobs::run(const std::string& key, Job& job) {
  std::exception_ptr failure;
  try {
    job.task({clock_, clock_.now() + longest_job, job.stop.get_token(), [&](const base::Note& note) {
                const std::lock_guard lock(mutex_);
                job.note = note;
              }});
  } catch (const os::fs::filesystem_error& error) {
    failure = std::make_exception_ptr(base::Error("FileError", error.what()));
  } catch (...) {
    failure = std::current_exception();
  }
  job.task = {};
  job.held.reset();
  const std::lock_guard lock(mutex_);
  job.running = false;
  job.failure = failure;
  if (!failure) jobs_.erase(key);
  changed_.notify_all();
}

bool Jobs::is_over(const std::string& key) {
  const auto found = jobs_.find(key);
  return found == jobs_.end() || found->second->failure;
}

bool Jobs::has(const std::string& key) {
  const std::lock_guard lock(mutex_);
  return !is_over(key);
}

/// The longer it takes, the less often one needs to look.
Pending Jobs::pending(const Job& job) {
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(clock_.now() - job.began);
  return {std::clamp<std::chrono::seconds>(age / 10, 1s, 60s), job.note};
}

std::optional<Pending> Jobs::await(const std::string& key, const std::string& what, const Budget& budget) {
  std::unique_lock lock(mutex_);
  while (!is_over(key)) {
    const Pending now = pending(*jobs_.at(key));
    if (budget.clock.now() >= budget.until) return now;
    lock.unlock();
    if (!now.note.what.empty()) budget.tell(now.note);
    lock.lock();
    changed_.wait_for(lock, budget.stop, glance, [&] { return is_over(key); });
    if (budget.stop.stop_requested() && !is_over(key))
      throw base::Error("Interrupted", "stopped while it goes on: " + now.note.what);
  }
  const auto found = jobs_.find(key);
  if (found == jobs_.end()) return std::nullopt;
  const auto ended = std::move(found->second);
  jobs_.erase(found);
  if (ended->what == what) std::rethrow_exception(ended->failure);
  return std::nullopt;
}

std::optional<Pending> Jobs::cancel(const std::string& key, const Budget& budget) {
  std::unique_ptr<Job> dropped;  // ends after the lock: it may hold one of a file
  {
    const std::lock_guard lock(mutex_);
    const auto found = jobs_.find(key);
    if (found == jobs_.end()) return std::nullopt;
    found->second->stop.request_stop();
    if (!found->second->running) {
      for (Pool* pool : {&heavy_, &light_}) std::erase(pool->queue, key);
      dropped = std::move(found->second);
      jobs_.erase(found);
      changed_.notify_all();
      return std::nullopt;
    }
  }
  return await(key, "", budget);
}

}  // namespace provider::local
