#include "refresh/file.h"

#include "fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::run(data, size, [](std::string_view text) {
    const auto file = refresh::parse_refresh_file(text);
    if (file.ok()) fuzz::must(!refresh::to_json(file.names).empty());
    for (const auto& each : file.problems) base::to_string("file", each);
  });
}
