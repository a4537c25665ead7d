// How fast requests may follow each other: before they are sent, and after one has failed.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "base/clock.h"

namespace aws {

/// A bucket of tokens that fills with time, one for each key. Thread-safe.
class Pace {
 public:
  struct Limit {
    double per_second = 0, burst = 0;
  };
  explicit Pace(Limit limit) : limit_(limit) {}

  /// Takes a token of `key` and says when it is there: at `now`, or later when others are before. Takes none,
  /// and answers the same, if that is after `until`.
  base::Time take(const std::string& key, base::Time now, base::Time until);

 private:
  struct Bucket {
    double tokens;
    base::Time filled;
  };

  const Limit limit_;
  std::mutex mutex_;
  std::map<std::string, Bucket> buckets_;
};

/// What is left for trying again: when a service is down, trying again makes it worse (the SDKs' "retry
/// quota"). Thread-safe.
class RetryQuota {
 public:
  bool take();       ///< false: what failed is not to be tried again
  void give_back();  ///< it worked at last
  void reward();     ///< something worked at once

 private:
  static constexpr int capacity = 500, cost = 5;
  std::mutex mutex_;
  int left_ = capacity;
};

/// How long to wait before attempt `next` (2 is the first repetition): anything from nothing to what doubles
/// with each, 20 s at most ("full jitter").
std::chrono::microseconds backoff(int next, bool throttled);

}  // namespace aws
