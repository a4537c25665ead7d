// The home's own authority, which says of its servers who they are.
#pragma once

#include <vector>

#include "base/secret.h"
#include "provider/local/certificate.h"
#include "provider/local/home.h"

namespace provider::local {

/// Made when it is first needed: a key, which never changes and is ours alone (0600), and a certificate,
/// which clients are given. `home` must outlive it.
class Authority {
 public:
  explicit Authority(const Home& home) : home_(home) {}

  /// A new key and a certificate for it, one after the other in PEM, for a server that is found by these
  /// addresses and names. Throws AuthorityInvalid where our key is not to be used.
  base::Secret issue(const std::vector<std::string>& names, base::Time now) const;
  /// Is it of ours, with its key, for all of these names, and good for a month still?
  bool is_good(const std::string& pem, const std::vector<std::string>& names, base::Time now) const;

  static constexpr std::chrono::days lasts{397}, renewed_before{30};

 private:
  const Home& home_;
};

}  // namespace provider::local
