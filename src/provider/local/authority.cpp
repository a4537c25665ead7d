#include "provider/local/authority.h"

#include <fmt/format.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <span>

#include "base/error.h"
#include "os/addresses.h"
#include "os/random.h"

namespace provider::local {
namespace {

using base::Error;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using X509Pointer = std::unique_ptr<X509, decltype(&X509_free)>;

constexpr std::chrono::days authority_lasts{3650}, authority_renewed_before{730};
constexpr std::chrono::hours clocks_differ{1};
constexpr std::size_t longest_common_name = 64;

Error unusable(const std::string& why) {
  return {"AuthorityInvalid", "the authority for certificates of this home: " + why,
          "restore authority.key from a backup, or remove it: clients need the new authority.pem then"};
}

template <class Write>
std::string in_pem(Write write) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
  if (write(out.get()) != 1) throw unusable("OpenSSL could not write PEM");
  char* text = nullptr;
  const long length = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(length)};
}
std::string in_pem(EVP_PKEY* key) {
  return in_pem(
      [&](BIO* out) { return PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr); });
}
std::string in_pem(X509* certificate) {
  return in_pem([&](BIO* out) { return PEM_write_bio_X509(out, certificate); });
}

Key new_key() {
  Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  if (!key) throw unusable("OpenSSL could not make a key");
  return key;
}

void extend(X509* certificate, X509* issuer, int what, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
      X509V3_EXT_nconf_nid(nullptr, &context, what, value.c_str()), X509_EXTENSION_free);
  if (!extension || X509_add_ext(certificate, extension.get(), -1) != 1)
    throw unusable(fmt::format("OpenSSL does not take '{}'", value));
}

void set_time(ASN1_TIME* time, base::Time to) {
  ASN1_TIME_set(time, std::chrono::floor<std::chrono::seconds>(to).time_since_epoch().count());
}

X509Pointer begun(EVP_PKEY* key, const std::string& name, base::Time now, base::Time until) {
  X509Pointer certificate(X509_new(), X509_free);
  X509_set_version(certificate.get(), X509_VERSION_3);
  const std::string serial = '\1' + os::random_bytes(15);
  const std::unique_ptr<BIGNUM, decltype(&BN_free)> number(
      BN_bin2bn(reinterpret_cast<const unsigned char*>(serial.data()), static_cast<int>(serial.size()),
                nullptr),
      BN_free);
  BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate.get()));
  set_time(X509_getm_notBefore(certificate.get()), now - clocks_differ);
  set_time(X509_getm_notAfter(certificate.get()), until);
  X509_NAME_add_entry_by_txt(
      X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
      reinterpret_cast<const unsigned char*>(name.substr(0, longest_common_name).c_str()), -1, -1, 0);
  X509_set_pubkey(certificate.get(), key);
  return certificate;
}

void sign(X509* certificate, X509* issuer, EVP_PKEY* key) {
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
  if (X509_sign(certificate, key, EVP_sha256()) == 0) throw unusable("OpenSSL could not sign");
}

/// After its key: what it has signed names it so, when it is renewed too.
std::string authority_name(EVP_PKEY* key) {
  const X509Pointer bearer(X509_new(), X509_free);
  X509_set_pubkey(bearer.get(), key);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  X509_pubkey_digest(bearer.get(), EVP_sha256(), digest.data(), &length);
  return fmt::format("dbrefresh {:02x}", fmt::join(std::span(digest).first<8>(), ""));
}

/// By its own key. It may say of no other authority that it is one.
std::string authority_certificate(EVP_PKEY* key, base::Time now) {
  const auto made = begun(key, authority_name(key), now, now + authority_lasts);
  extend(made.get(), made.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  extend(made.get(), made.get(), NID_key_usage, "critical,keyCertSign");
  extend(made.get(), made.get(), NID_subject_key_identifier, "hash");
  sign(made.get(), made.get(), key);
  return in_pem(made.get());
}

std::string alternatives(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& each : names)
    text += fmt::format("{}{}:{}", text.empty() ? "" : ",", os::is_address(each) ? "IP" : "DNS", each);
  return text;
}

/// Key and certificate of the authority, both made where they are missing.
struct Own {
  Key key;
  X509Pointer certificate;
};

Key open_key(const os::fs::path& path) {
  if (!os::fs::exists(path)) os::create_file(path, in_pem(new_key().get()), 0600);
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || (info.st_mode & 077U) != 0)
    throw unusable(fmt::format("{} can be read by others than its owner", path.string()));
  const std::string pem = os::read_regular(path, 65'536);
  const std::unique_ptr<BIO, decltype(&BIO_free)> in(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  Key key(PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
  if (!key) throw unusable(fmt::format("{} holds no key", path.string()));
  return key;
}

bool serves(const os::fs::path& path, const std::string& key, base::Time now) {
  if (!os::fs::exists(path)) return false;
  const auto held = Certificate::read(os::read_regular(path, 65'536));
  return held && held->belongs_to(key) && held->until() > now + authority_renewed_before;
}

Own open_authority(const Home& home, base::Time now) {
  const auto lock = os::FileLock::try_lock(home.locks() / "authority", std::chrono::seconds(10));
  if (!lock) {
    auto error = unusable("another process is making it");
    error.retryable = true;
    throw error;
  }
  Key key = open_key(home.authority_key());
  if (!serves(home.authority(), in_pem(key.get()), now))
    os::write_file_atomic(home.authority(), authority_certificate(key.get(), now), 0644);
  const std::string pem = os::read_regular(home.authority(), 65'536);
  const std::unique_ptr<BIO, decltype(&BIO_free)> in(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  return {std::move(key), {PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr), X509_free}};
}

}  // namespace

base::Secret Authority::issue(const std::vector<std::string>& names, base::Time now) const {
  const auto own = open_authority(home_, now);
  const auto key = new_key();
  const auto made = begun(key.get(), names.at(0), now, now + lasts);
  extend(made.get(), own.certificate.get(), NID_basic_constraints, "critical,CA:FALSE");
  extend(made.get(), own.certificate.get(), NID_key_usage, "critical,digitalSignature");
  extend(made.get(), own.certificate.get(), NID_ext_key_usage, "serverAuth");
  extend(made.get(), own.certificate.get(), NID_authority_key_identifier, "keyid");
  extend(made.get(), own.certificate.get(), NID_subject_alt_name, alternatives(names));
  sign(made.get(), own.certificate.get(), own.key.get());
  return base::Secret(in_pem(key.get()) + in_pem(made.get()));
}

bool Authority::is_good(const std::string& pem, const std::vector<std::string>& names, base::Time now) const {
  if (!os::fs::exists(home_.authority())) return false;
  const auto ours = Certificate::read(os::read_regular(home_.authority(), 65'536));
  const auto held = Certificate::read(pem);
  return ours && held && held->is_signed_by(*ours) && held->belongs_to(pem) &&
         held->until() > now + renewed_before &&
         std::ranges::all_of(names, [&](const auto& name) { return held->is_for(name); });
}

}  // namespace provider::local
