// Scripts that are files of this host, beside those of a store.
#pragma once

#include "provider/provider.h"

namespace provider {

/// Thread-safe if `store` is.
class ScriptFiles : public ScriptStore {
 public:
  /// `store` has all buckets but ScriptStore::files; it must outlive this.
  explicit ScriptFiles(ScriptStore& store) : store_(store) {}
  /// Throws as os::read_file() too.
  std::string read(const std::string& bucket, const std::string& key) override;

 private:
  ScriptStore& store_;
};

}  // namespace provider
