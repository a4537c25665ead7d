// Sends a call until it is answered: checked, written, signed, paced, tried again.
#pragma once

#include <atomic>
#include <string>
#include <variant>

#include "aws/api.h"
#include "aws/credentials.h"
#include "aws/endpoint.h"
#include "aws/failure.h"
#include "aws/pace.h"
#include "aws/tally.h"

namespace aws {

struct SenderOptions {
  EndpointRules endpoints;
  std::string certificates;  ///< a file of authorities in the place of the system's
  /// Of each service and Region: looks, 9.5 a second in any ten seconds, and what changes something, which
  /// does not wait behind looks. RDS allows an account and Region 12 a second, and 300 at once; whoever asks
  /// for a change has looked before, and comes once.
  Pace::Limit looks{.per_second = 8, .burst = 15}, changes{.per_second = 4, .burst = 100};
  Tally* tally = nullptr;  ///< of every request that goes out, repetitions too; must outlive the sender
};

/// One account's way to AWS. Thread-safe.
///
/// What was not carried out for certain (throttling, a connection never made, a wrong clock, expired
/// credentials) is sent again within the budget. What may have been carried out is sent again only where that
/// does no harm: it changes nothing, or has a token that makes two requests one. Otherwise the error says
/// maybe_delivered, and so it does when any attempt before may have been.
class Sender {
 public:
  explicit Sender(SenderOptions options);

  /// `credentials` may be null for operations that are not signed. Throws as Api::call().
  base::Json send(const Call& call, const std::string& region, CredentialSource* credentials,
                  const base::Budget& budget);

 private:
  struct Outgoing;
  using Answer = std::variant<base::Json, Failure>;

  base::Json send(const Outgoing& out, bool& maybe_delivered, const base::Budget& budget);
  Answer attempt(const Outgoing& out, const base::Budget& budget);
  os::HttpRequest signed_request(const Outgoing& out, const Credentials& who,
                                 const base::Budget& budget) const;
  Answer judge(const Outgoing& out, const Credentials& who, const os::HttpResponse& response, base::Time now);
  /// True when the cause is out of the way, or time may take it away, and another attempt is right.
  bool try_again(const Outgoing& out, const Failure& failure, int attempts, const base::Budget& budget);
  /// By AWS's clock, as far as it is known.
  base::Time true_time(const base::Budget& budget) const;
  /// False if as much was known before.
  bool correct_clock(std::chrono::microseconds error);
  void wait_for_turn(const Outgoing& out, const base::Budget& budget);

  const SenderOptions options_;
  os::Http http_;
  Pace looks_, changes_;
  RetryQuota quota_;
  std::atomic<std::int64_t> clock_error_us_ = 0;  ///< AWS's clock minus ours
};

}  // namespace aws
