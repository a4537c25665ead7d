#include "engine/workers.h"

namespace engine {

Workers::Workers(std::size_t threads) {
  for (std::size_t i = 0; i < threads; ++i)
    threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
}

void Workers::add(Job job) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push(std::move(job));
  }
  ready_.notify_one();
}

void Workers::work(const std::stop_token& stop) {
  while (true) {
    std::unique_lock lock(mutex_);
    if (!ready_.wait(lock, stop, [this] { return !jobs_.empty(); }) || stop.stop_requested()) return;
    const Job job = std::move(jobs_.front());
    jobs_.pop();
    lock.unlock();
    job();
  }
}

}  // namespace engine
