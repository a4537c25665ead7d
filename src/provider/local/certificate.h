// A certificate, by which a server proves who it is.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "provider/listening.h"

struct x509_st;

namespace provider::local {

class Certificate {
 public:
  /// The first one in PEM; nothing if there is none.
  static std::optional<Certificate> read(const std::string& pem);

  base::Time until() const;
  /// Does it prove to be this address or this host?
  bool is_for(const std::string& name) const;
  bool is_signed_by(const Certificate& authority) const;
  /// Is this key, in PEM, its own?
  bool belongs_to(const std::string& key) const;

 private:
  struct Free {
    void operator()(x509_st* certificate) const;
  };
  explicit Certificate(x509_st* certificate) : x509_(certificate) {}
  std::unique_ptr<x509_st, Free> x509_;
};

/// Of files of people's own that are named there: what is wrong with them, as faults_of().
std::vector<ListeningFault> faults_of_files(const Listening& listening, base::Time now);

}  // namespace provider::local
