// Secrets Manager in a rehearsal: the account's secrets, and over them what was noted.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/json.h"
#include "base/secret.h"

namespace provider::aws {

/// Knows the operations that SecretsManager (stores.h) calls. Not thread-safe.
class RehearsedSecrets {
 public:
  /// Asks the account: operation and input of Secrets Manager.
  using Ask = std::function<base::Json(const std::string& operation, const base::Json& input)>;

  /// Takes note of a call that would change a secret.
  void change(const std::string& operation, const base::Json& input, const Ask& ask);
  /// The answer to DescribeSecret or GetSecretValue of a secret that was changed; null of one that was not,
  /// and of all other operations. Throws ResourceNotFoundException as Secrets Manager does.
  base::Json answer(const std::string& operation, const base::Json& input, const Ask& ask) const;

 private:
  struct Version {
    std::set<std::string> stages;
    std::optional<base::Secret> value;  ///< nothing: it is the account's
  };
  struct Secret {
    bool exists = false;
    std::map<std::string, Version> versions;     ///< by id
    base::Json rotation = base::Json::object();  ///< how it is rotated, as it is described
  };
  Secret& touch(const std::string& name, const Ask& ask);
  static void put(Secret& secret, const base::Json& input);
  static void move(Secret& secret, const base::Json& input);

  std::map<std::string, Secret> changed_;
};

}  // namespace provider::aws
