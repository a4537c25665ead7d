// Waiting for a server's answer. For the drivers.
#pragma once

#include <functional>
#include <optional>

#include "base/budget.h"
#include "base/error.h"

namespace sql {

/// The waits of one statement. Without a budget it waits for as long as the server is there. Throws nothing
/// but what the budget's `tell` throws.
class Watch {
 public:
  /// `cancel` asks the server to end the statement; it is called at most once.
  Watch(const base::Budget* budget, std::function<void()> cancel);

  /// Waits until `fd` is ready for `events` (of poll), at most `most` milliseconds if that is not negative.
  /// False: the statement is over time or unwanted, was cancelled, and its server does not answer to that.
  bool wait(int fd, short events, int most = -1);

  /// Why the statement is to end, if it is.
  const std::optional<base::Error>& over() const { return over_; }

 private:
  void look();

  const base::Budget* budget_;
  std::function<void()> cancel_;
  base::Time begun_{}, told_{};
  std::optional<base::Error> over_;
  int patience_ = 10;  ///< waits that a cancelled statement still gets
};

/// `Interrupted` or `DeadlineExceeded` if a budget has nothing left.
std::optional<base::Error> spent(const base::Budget& budget);

/// Finds out within about a minute that a peer is gone, though a statement may take hours.
void watch_peer(int socket);

}  // namespace sql
