#include "provider/local/certificate.h"

#include <fmt/format.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <ctime>

#include "base/error.h"
#include "os/addresses.h"
#include "os/files.h"

namespace provider::local {
namespace {

std::unique_ptr<BIO, decltype(&BIO_free)> reading(const std::string& pem) {
  return {BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free};
}

/// Where a key asks for a password it is not read: nobody is there to say it.
int no_password(char*, int, int, void*) {
  return 0;
}

}  // namespace

void Certificate::Free::operator()(x509_st* certificate) const {
  X509_free(certificate);
}

std::optional<Certificate> Certificate::read(const std::string& pem) {
  X509* found = PEM_read_bio_X509(reading(pem).get(), nullptr, no_password, nullptr);
  return found == nullptr ? std::nullopt : std::optional(Certificate(found));
}

base::Time Certificate::until() const {
  std::tm calendar{};
  ASN1_TIME_to_tm(X509_get0_notAfter(x509_.get()), &calendar);
  return base::Time(std::chrono::seconds(::timegm(&calendar)));
}

bool Certificate::is_for(const std::string& name) const {
  return os::is_address(name) ? X509_check_ip_asc(x509_.get(), name.c_str(), 0) == 1
                              : X509_check_host(x509_.get(), name.data(), name.size(), 0, nullptr) == 1;
}

bool Certificate::is_signed_by(const Certificate& authority) const {
  return X509_verify(x509_.get(), X509_get0_pubkey(authority.x509_.get())) == 1;
}

bool Certificate::belongs_to(const std::string& key) const {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> found(
      PEM_read_bio_PrivateKey(reading(key).get(), nullptr, no_password, nullptr), EVP_PKEY_free);
  return found != nullptr && X509_check_private_key(x509_.get(), found.get()) == 1;
}

namespace {

/// Nobody else may read or write it.
bool is_private(const os::fs::path& path) {
  using os::fs::perms;
  std::error_code gone;
  return (os::fs::status(path, gone).permissions() & (perms::group_all | perms::others_all)) == perms::none;
}

}  // namespace

std::vector<ListeningFault> faults_of_files(const Listening& listening, base::Time now) {
  if (listening.certificate.empty() || listening.key.empty()) return {};
  std::vector<ListeningFault> faults;
  const auto read = [&](const char* member, const std::string& path) -> std::string {
    try {
      return os::read_file(path, 1U << 20U);
    } catch (const base::Error& error) {
      faults.push_back({member, error.message});
      return "";
    }
  };
  const auto certificate = read("certificate", listening.certificate), key = read("key", listening.key);
  if (!faults.empty()) return faults;
  if (!is_private(listening.key))
    faults.push_back({"key", fmt::format("'{}' may be read or written by others; hint: chmod 600 {}",
                                         listening.key, listening.key)});
  const auto found = Certificate::read(certificate);
  if (!found)
    faults.push_back({"certificate", fmt::format("'{}' holds no certificate in PEM", listening.certificate)});
  else if (!found->belongs_to(key))
    faults.push_back(
        {"key", fmt::format("'{}' holds no key of that certificate, without a password", listening.key)});
  else if (found->until() <= now)
    faults.push_back({"certificate", fmt::format("'{}' has expired: {}", listening.certificate,
                                                 base::ledger_utc(found->until()))});
  return faults;
}

}  // namespace provider::local
