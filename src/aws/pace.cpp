#include "aws/pace.h"

#include <algorithm>
#include <cmath>

#include "os/random.h"

namespace aws {

using namespace std::chrono;

base::Time Pace::take(const std::string& key, base::Time now, base::Time until) {
  const std::lock_guard lock(mutex_);
  Bucket& bucket = buckets_.try_emplace(key, Bucket{limit_.burst, now}).first->second;
  const double passed = duration<double>(std::max(now - bucket.filled, microseconds{0})).count();
  const double tokens = std::min(limit_.burst, bucket.tokens + passed * limit_.per_second);
  const double wait = std::max(0.0, (1 - tokens) / limit_.per_second);
  const base::Time at = now + microseconds{std::llround(std::ceil(wait * 1e6))};
  if (at <= until) bucket = {tokens - 1, std::max(now, bucket.filled)};
  return at;
}

bool RetryQuota::take() {
  const std::lock_guard lock(mutex_);
  if (left_ < cost) return false;
  left_ -= cost;
  return true;
}

void RetryQuota::give_back() {
  const std::lock_guard lock(mutex_);
  left_ = std::min(capacity, left_ + cost);
}

void RetryQuota::reward() {
  const std::lock_guard lock(mutex_);
  left_ = std::min(capacity, left_ + 1);
}

microseconds backoff(int next, bool throttled) {
  constexpr microseconds most = seconds{20};
  const microseconds first = throttled ? microseconds{seconds{1}} : microseconds{milliseconds{50}};
  const microseconds limit = std::min<microseconds>(most, first * (1LL << std::clamp(next - 2, 0, 20)));
  return microseconds{
      static_cast<std::int64_t>(os::random_seed() % static_cast<std::uint64_t>(limit.count() + 1))};
}

}  // namespace aws
