// Refreshes side by side by processes of one host.
#include "tests/end-to-end/aws_many.h"

namespace tests {
namespace {

using base::Json;

class AwsMany : public AwsProgram {
 protected:
  AwsMany() : AwsProgram("real", Many::world()) { bed_.post("fault", Many::fault()); }
};

TEST_F(AwsMany, EachEndsAsIfItWereAlone) {
  const auto lanes = Many::lanes(made_, clock_.now());
  Many::side_by_side(lanes, [&](const OneOfMany& each) {
    const auto file = (folder_.path() / (each.target + ".json")).string();
    os::write_file_atomic(file, each.file.dump(), 0600);
    std::vector<std::string> arguments = {"run", file};
    if (!each.masked) arguments.insert(arguments.end(), {"--unmasked", "it asks for no scripts"});
    return run(arguments);
  });
  const Json state = bed_.get("state");
  EXPECT_EQ(state.at("violations"), Json::array());
  EXPECT_EQ(state.at("leaks"), Json::array());
  EXPECT_EQ(Many::exposed(state), Json::array());
  expect_as_written("Many", Many::end(state, made_));
}

}  // namespace
}  // namespace tests
