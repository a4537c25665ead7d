#include "base/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace base {

void in_parallel(std::size_t count, const std::function<void(std::size_t)>& work) {
  constexpr std::size_t most = 8;
  std::atomic<std::size_t> next = 0;
  std::mutex guard;
  std::exception_ptr first;
  auto take_turns = [&] {
    try {
      for (std::size_t i = next++; i < count; i = next++) work(i);
    } catch (...) {
      next = count;
      const std::lock_guard held(guard);
      if (!first) first = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> threads;
    const auto wanted = std::min({count, most, std::size_t{std::thread::hardware_concurrency()}});
    for (std::size_t i = 1; i < wanted; ++i) threads.emplace_back(take_turns);
    take_turns();
  }
  if (first) std::rethrow_exception(first);
}

}  // namespace base
