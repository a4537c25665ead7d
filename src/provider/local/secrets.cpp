#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/stat.h>

#include <charconv>

#include "base/error.h"
#include "provider/local/stores.h"

namespace provider::local {
namespace {

using base::Error;
using base::Secret;

constexpr std::string_view version_1 =
    "CREATE TABLE IF NOT EXISTS secret (name TEXT NOT NULL, stage TEXT NOT NULL, sealed TEXT NOT NULL, "
    "PRIMARY KEY (name, stage));";
constexpr std::string_view steps[] = {version_1};
constexpr store::Schema schema{steps};
constexpr std::size_t key_bytes = 32, nonce_bytes = 12, tag_bytes = 16;

/// To look, an empty one where there is none: nothing can be sealed with it.
Secret open_key(const Home& home, store::Mode mode) {
  const auto path = home.secret_key();
  if (!os::fs::exists(path) && mode == store::Mode::look) return {};
  if (!os::fs::exists(path)) os::create_file(path, os::random_bytes(key_bytes), 0600);
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0 && (info.st_mode & 077U) != 0)
    throw Error("SecretKeyExposed", fmt::format("{} can be read by others than its owner", path.string()),
                "chmod 600 " + path.string());
  if (os::fs::file_size(path) != key_bytes)
    throw Error("SecretKeyInvalid", fmt::format("{} does not hold {} bytes", path.string(), key_bytes),
                "restore it from a backup: the secrets cannot be read without it");
  return Secret(os::read_file(path, key_bytes));
}

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, void (*)(EVP_CIPHER_CTX*)>;

unsigned char* bytes(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}
const unsigned char* bytes(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

/// What is authenticated with a value: nobody can pass one secret, or an old version, off as another.
std::string context_of(const std::string& name, const std::string& stage) {
  return name + '\n' + stage;
}

/// Before a value that is sealed with its name and stage. Those without it are sealed with the name alone.
constexpr std::string_view with_stage = "2:";

/// nonce, tag, ciphertext as hex; `context` is authenticated with it.
std::string seal(const Secret& key, const std::string& context, const std::string& plain) {
  const std::string nonce = os::random_bytes(nonce_bytes);
  std::string sealed(plain.size(), '\0'), tag(tag_bytes, '\0');
  const Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int size = 0;
  const bool good =
      EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes(key.reveal()), bytes(nonce)) == 1 &&
      EVP_EncryptUpdate(cipher.get(), nullptr, &size, bytes(context), static_cast<int>(context.size())) ==
          1 &&
      EVP_EncryptUpdate(cipher.get(), bytes(sealed), &size, bytes(plain), static_cast<int>(plain.size())) ==
          1 &&
      EVP_EncryptFinal_ex(cipher.get(), bytes(sealed) + size, &size) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, tag_bytes, tag.data()) == 1;
  if (!good) throw Error("SecretError", "a secret could not be sealed");
  std::string hex;
  for (const char c : nonce + tag + sealed) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return hex;
}

std::string from_hex(std::string_view hex) {
  std::string raw;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    unsigned byte = 0;
    const auto read = std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16);
    if (read.ec != std::errc{} || read.ptr != hex.data() + i + 2)
      throw Error("SecretError", "a stored secret is damaged", "restore secrets.db from a backup");
    raw += static_cast<char>(byte);
  }
  return raw;
}

Secret unseal(const Secret& key, const std::string& context, std::string_view hex) {
  if (key.reveal().empty())
    throw Error("SecretKeyInvalid", "there are secrets, and their key file is gone",
                "restore secrets.key from a backup: the secrets cannot be read without it");
  const std::string raw = from_hex(hex);
  if (raw.size() < nonce_bytes + tag_bytes) throw Error("SecretError", "a stored secret is cut short");
  std::string tag = raw.substr(nonce_bytes, tag_bytes);
  const std::string nonce = raw.substr(0, nonce_bytes), sealed = raw.substr(nonce_bytes + tag_bytes);
  std::string plain(sealed.size(), '\0');
  const Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int size = 0;
  const bool good =
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes(key.reveal()), bytes(nonce)) == 1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &size, bytes(context), static_cast<int>(context.size())) ==
          1 &&
      EVP_DecryptUpdate(cipher.get(), bytes(plain), &size, bytes(sealed), static_cast<int>(sealed.size())) ==
          1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, tag_bytes, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), bytes(plain) + size, &size) == 1;
  if (!good)
    throw Error("SecretError", "a stored secret does not fit the key file", "was secrets.key replaced?");
  return Secret(std::move(plain));
}

const char* text_of(SecretStore::Stage stage) {
  switch (stage) {
    case SecretStore::Stage::current:
      return "AWSCURRENT";
    case SecretStore::Stage::pending:
      return "AWSPENDING";
    case SecretStore::Stage::previous:
      return "AWSPREVIOUS";
  }
  return "";
}

}  // namespace

Secrets::Secrets(const Home& home, store::Mode mode)
    : key_(open_key(home, mode)), db_(home.secrets(), schema, mode) {}

std::optional<Secret> Secrets::read(const std::string& name, const std::string& stage) {
  auto row = db_.prepare("SELECT sealed FROM secret WHERE name = ? AND stage = ?");
  if (!row.bind(name, stage).step()) return std::nullopt;
  const std::string sealed = row.text(0);
  if (!sealed.starts_with(with_stage)) return unseal(key_, name, sealed);
  return unseal(key_, context_of(name, stage), std::string_view(sealed).substr(with_stage.size()));
}

void Secrets::write(const std::string& name, const std::string& stage, const Secret& value) {
  db_.prepare("INSERT OR REPLACE INTO secret VALUES (?,?,?)")
      .bind(name, stage, std::string(with_stage) + seal(key_, context_of(name, stage), value.reveal()))
      .run();
}

void Secrets::erase(const std::string& name, const std::string& stage) {
  db_.prepare("DELETE FROM secret WHERE name = ? AND stage = ?").bind(name, stage).run();
}

std::optional<Secret> Secrets::get(const std::string& name, Stage stage) {
  const std::lock_guard lock(mutex_);
  return read(name, text_of(stage));
}

void Secrets::put_pending(const std::string& name, const Secret& value) {
  const std::lock_guard lock(mutex_);
  write(name, "AWSPENDING", value);
}

void Secrets::promote(const std::string& name) {
  const std::lock_guard lock(mutex_);
  store::Transaction transaction(db_);
  const auto pending = read(name, "AWSPENDING");
  if (!pending) return;
  if (const auto current = read(name, "AWSCURRENT")) write(name, "AWSPREVIOUS", *current);
  write(name, "AWSCURRENT", *pending);
  erase(name, "AWSPENDING");
  transaction.commit();
}

void Secrets::drop_pending(const std::string& name) {
  const std::lock_guard lock(mutex_);
  erase(name, "AWSPENDING");
}

void Secrets::remove(const std::string& name) {
  const std::lock_guard lock(mutex_);
  db_.prepare("DELETE FROM secret WHERE name = ?").bind(name).run();
}

std::string Secrets::how_to_read(const std::string& name) const {
  return fmt::format("dbrefresh local secret {} --reveal", name);
}

std::vector<std::string> Secrets::names() {
  const std::lock_guard lock(mutex_);
  auto row = db_.prepare("SELECT DISTINCT name FROM secret ORDER BY name");
  std::vector<std::string> out;
  while (row.step()) out.push_back(row.text(0));
  return out;
}

}  // namespace provider::local
