#include "aws/sources.h"
#include "base/error.h"

namespace aws {
namespace {

using namespace std::chrono;

/// Before the end that the place gave: a request may be on its way for a while.
constexpr minutes early{5};
constexpr minutes after_a_failure{1};

class Fixed : public CredentialSource {
 public:
  explicit Fixed(Credentials credentials) : credentials_(std::move(credentials)) {}
  Credentials get(const base::Budget&) override { return credentials_; }

 private:
  const Credentials credentials_;
};

}  // namespace

Source fixed_credentials(Credentials credentials) {
  return std::make_unique<Fixed>(std::move(credentials));
}

bool Refreshing::is_fresh(base::Time now) const {
  return held_ && (!held_->expires || now + early < *held_->expires);
}

bool Refreshing::is_good(base::Time now) const {
  return held_ && (!held_->expires || now < *held_->expires);
}

Credentials Refreshing::get(const base::Budget& budget) {
  std::unique_lock lock(mutex_);
  while (true) {
    const base::Time now = budget.clock.now();
    if (is_fresh(now) || (is_good(now) && (asking_ || now < not_before_))) return *held_;
    if (!asking_) return refresh(budget, lock);
    if (!changed_.wait(lock, budget.stop, [&] { return !asking_; }))
      throw base::Error("Interrupted", "told to stop");
  }
}

Credentials Refreshing::refresh(const base::Budget& budget, std::unique_lock<std::mutex>& lock) {
  asking_ = true;
  lock.unlock();
  std::optional<Credentials> got;
  std::exception_ptr failure;
  try {
    got = inner_->get(budget);
  } catch (...) {
    failure = std::current_exception();
  }
  lock.lock();
  asking_ = false;
  changed_.notify_all();
  const base::Time now = budget.clock.now();
  if (got) return *(held_ = std::move(got));
  if (!is_good(now)) std::rethrow_exception(failure);
  not_before_ = now + after_a_failure;
  return *held_;
}

void Refreshing::forget(const Credentials& refused) {
  const std::lock_guard lock(mutex_);
  if (held_ == refused) held_.reset();
  inner_->forget(refused);
}

}  // namespace aws
