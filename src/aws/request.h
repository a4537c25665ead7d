// A request on its way to the wire, and an answer from it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "os/http.h"

namespace aws {

using Pairs = std::vector<std::pair<std::string, std::string>>;

/// What a protocol makes of a call. Its host and what signs it come later.
struct Request {
  std::string method = "POST";
  std::string path = "/";  ///< as it goes out, percent-encoded
  Pairs query;             ///< not encoded
  Pairs headers;
  std::string body;
};

/// `a=b&c=d`, encoded as SigV4 wants it; in the order given.
std::string encoded_query(const Pairs& query);

}  // namespace aws
