#include "sql/watch.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

namespace sql {
namespace {

using namespace std::chrono_literals;

constexpr int slice_ms = 50;
constexpr auto between_notes = 2s;

}  // namespace

std::optional<base::Error> spent(const base::Budget& budget) {
  if (budget.stop.stop_requested()) return base::Error("Interrupted", "told to stop");
  if (budget.clock.now() < budget.until) return std::nullopt;
  return base::Error("DeadlineExceeded", "the time for it is over");
}

Watch::Watch(const base::Budget* budget, std::function<void()> cancel)
    : budget_(budget), cancel_(std::move(cancel)) {
  if (budget_ != nullptr) begun_ = told_ = budget_->clock.now();
}

void Watch::look() {
  if (budget_ == nullptr || over_) return;
  over_ = spent(*budget_);
  if (over_) return cancel_();
  const auto now = budget_->clock.now();
  if (now < told_ + between_notes) return;
  told_ = now;
  if (budget_->tell) budget_->tell({fmt::format("running for {}", base::human_duration(now - begun_))});
}

bool Watch::wait(int fd, short events, int most) {
  pollfd watched{.fd = fd, .events = events, .revents = 0};
  for (int waited = 0; most < 0 || waited < most; waited += slice_ms) {
    look();
    if (over_ && patience_-- == 0) return false;
    if (::poll(&watched, 1, slice_ms) > 0) return true;
  }
  return true;
}

void watch_peer(int socket) {
  const int on = 1, idle_s = 20, between_s = 10, probes = 4, unanswered_ms = 60'000;
  ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &between_s, sizeof between_s);
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
  ::setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &unanswered_ms, sizeof unanswered_ms);
}

}  // namespace sql
