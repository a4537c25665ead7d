#include <algorithm>

#include "fuzz/target.h"
#include "sql/script.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::run(data, size, [](std::string_view text) {
    int line = 1;
    for (const auto& each : sql::parse_script(text, "postgres").statements) {
      fuzz::must(!each.text.empty() && each.line >= line);
      line = each.line;
    }
    fuzz::must(line <= 1 + std::ranges::count(text, '\n'));
  });
}
