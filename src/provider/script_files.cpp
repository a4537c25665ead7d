#include "provider/script_files.h"

#include "os/files.h"

namespace provider {

std::string ScriptFiles::read(const std::string& bucket, const std::string& key) {
  constexpr std::uintmax_t longest = 256U << 20U;
  return bucket == files ? os::read_file(key, longest) : store_.read(bucket, key);
}

}  // namespace provider
