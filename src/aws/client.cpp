#include "aws/client.h"

namespace aws {

base::Json Client::call(const Call& call, const base::Budget& budget) {
  const std::string& region = call.region.empty() ? session_.region() : call.region;
  return session_.sender().send(call, region, &session_.credentials(), budget);
}

}  // namespace aws
