// The account where sources are, where that is another one than the account of all else.
#pragma once

#include "provider/aws/reader.h"

namespace provider::aws {

/// The one way by which calls go to the source's account. It lets through what looks, and nothing else: no
/// call that changes anything is ever sent there, whatever the credentials may do. Thread-safe.
class OnlyLooks : public ::aws::Api {
 public:
  /// `api` is the account with the credentials for it; the account is asked by `clock`, whatever clock the
  /// budgets of calls have. Both must outlive it.
  OnlyLooks(::aws::Api& api, base::Clock& clock) : api_(api), clock_(clock) {}

  /// Throws SourceOnlyRead for an operation that is no look.
  base::Json call(const ::aws::Call& call, const base::Budget& budget) override;

 private:
  ::aws::Api& api_;
  base::Clock& clock_;
};

/// Not movable: its parts refer to one another.
class SourceAccount {
 public:
  /// Both must outlive it.
  SourceAccount(::aws::Api& api, base::Clock& clock)
      : gate_(api, clock), service_(gate_, clock), reader_(service_, settings_) {}
  SourceAccount(const SourceAccount&) = delete;
  SourceAccount& operator=(const SourceAccount&) = delete;
  ~SourceAccount() = default;

  Service& service() { return service_; }
  Reader& reader() { return reader_; }

 private:
  OnlyLooks gate_;
  Service service_;
  Settings settings_;  ///< without an account: nothing that shows there is another one's
  Reader reader_;
};

}  // namespace provider::aws
