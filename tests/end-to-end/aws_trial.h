// What a seed stands for: a file, a world that answers as it does, faults, deaths of the program.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <vector>

#include "tests/end-to-end/aws_sort.h"

namespace tests {

/// The program is killed while the nth of its calls that change something is answered.
struct Death {
  int nth = 0;
  bool after = false;  ///< the call was carried out
};

struct Trial {
  explicit Trial(std::uint64_t number);

  std::uint64_t seed;
  std::string prefix;   ///< of all its names: "s7-"
  std::string account;  ///< that it has for itself
  Sort sort;
  bool secret = false;                        ///< it publishes a secret and rotates it
  bool secret_before = false;                 ///< that is there already
  bool replica = false;                       ///< the new instance gets a read replica
  bool cancel = false;                        ///< after its first death it is cancelled instead of resumed
  base::Json pace;                            ///< how long statuses are held
  base::Json drawn;                           ///< what the bed draws faults from
  base::Json scripted = base::Json::array();  ///< one by one
  std::vector<Death> deaths;

  base::Json world() const;
  base::Json file(const base::Json& made, base::Time now) const;
  std::string shown() const;

 private:
  /// 0 to below `range`.
  int draw(int range) { return static_cast<int>(random_() % static_cast<std::uint64_t>(range)); }
  bool one_in(int many) { return draw(many) == 0; }
  std::string named(const std::string& text) const;
  void draw_faults();

  std::mt19937_64 random_;
};

}  // namespace tests
