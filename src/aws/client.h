// The Api that sends calls to AWS.
#pragma once

#include "aws/api.h"
#include "aws/session.h"

namespace aws {

/// `session` must outlive it.
class Client : public Api {
 public:
  explicit Client(Session& session) : session_(session) {}
  base::Json call(const Call& call, const base::Budget& budget) override;

 private:
  Session& session_;
};

}  // namespace aws
