#include "fuzz/target.h"
#include "shortfile/check.h"
#include "shortfile/include.h"
#include "shortfile/lower.h"
#include "shortfile/yaml.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::run(data, size, [](std::string_view text) {
    const auto document = shortfile::parse_text("f.yaml", text);
    const auto checked =
        shortfile::check(document.value(), base::parse_ledger_utc("2026-11-29 12:00:00").value());
    if (!document.problems().empty() || !checked.problems.empty()) return;
    const auto lowered = shortfile::lower(checked.value, "/folder", "");
    fuzz::must(lowered.members.contains("restore") || !lowered.problems.empty() ||
               document.value().contains("members"));
  });
}
