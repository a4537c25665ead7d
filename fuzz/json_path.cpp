#include "asl/path.h"

#include "fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto input = base::Json::parse(
      R"({"a": [1, 2, {"b": "c", "d": [null, true, -1.5]}], "book": [{"price": 8, "t": "x"}, {"price": 12}], "": {"'": 0}})");
  return fuzz::run(data, size, [](std::string_view text) {
    const auto path = asl::Path::parse(text);
    if (const auto found = path.select({input, input, input})) fuzz::must(!found->dump().empty());
    if (!path.reference()) return;
    fuzz::must(path.definite());
    auto changed = input;
    path.assign(changed, 7);
    fuzz::must(!changed.dump().empty());
  });
}
