#include "asl/intrinsics.h"

#include "fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto input = base::Json::parse(
      R"({"a": [1, 2, 3], "s": "text,with,parts", "o": {"k": "v", "n": {"m": 1}}, "n": 5, "b": "dGV4dA==", "j": "[1,{}]"})");
  return fuzz::run(data, size, [](std::string_view text) {
    asl::check_intrinsic(text);
    asl::Entropy entropy{7};
    fuzz::must(!asl::evaluate_intrinsic(text, {input, input, input}, entropy).dump().empty());
  });
}
