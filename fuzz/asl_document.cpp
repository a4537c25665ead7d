#include "asl/machine.h"

#include <algorithm>

#include "fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::run(data, size, [](std::string_view text) {
    const auto document = base::LocatedJson::parse(text);
    if (!document.problems().empty()) return;
    const auto problems = asl::lint(document);
    asl::parse_machine(document);  // refuses all that lint() finds, and nothing else
    fuzz::must(std::ranges::all_of(problems, &base::Problem::warning));
  });
}
