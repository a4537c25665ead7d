#include "runs/prices.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "os/files.h"

namespace runs {
namespace {

using base::Json;

class PriceFile {
 public:
  explicit PriceFile(const std::string& text)
      : document_(base::LocatedJson::parse(text)), problems_(document_.problems()) {}

  Prices read() {
    Prices out;
    const Json& all = document_.value();
    if (!problems_.empty()) return out;  // what breaks off says nothing
    if (!all.is_object()) {
      wrong("$", "an object", all);
      return out;
    }
    for (const auto& [name, value] : all.items()) member(name, value, out);
    if (out.currency.empty() && !all.contains("currency")) problem("$.currency", "is missing");
    return out;
  }
  const std::vector<base::Problem>& problems() const { return problems_; }

 private:
  void problem(const std::string& path, std::string message) {
    problems_.push_back({document_.line_of(path), path, std::move(message)});
  }
  void wrong(const std::string& path, const char* wanted, const Json& value) {
    problem(path, fmt::format("must be {}, got {}", wanted, base::dump_valid(value)));
  }
  void member(const std::string& name, const Json& value, Prices& out) {
    const auto path = base::member_path("$", name);
    if (name == "currency" && value.is_string() && !value.get<std::string>().empty())
      out.currency = value.get<std::string>();
    else if (name == "currency")
      wrong(path, "a text like \"USD\"", value);
    else if (name == "classes")
      list(path, value, out.classes);
    else if (name == "storage")
      list(path, value, out.storage);
    else if (name == "snapshot")
      out.snapshot = price(path, value);
    else
      problem(path, fmt::format("'{}' is not known: currency, classes, storage and snapshot are", name));
  }
  void list(const std::string& path, const Json& value, std::map<std::string, double>& out) {
    if (!value.is_object()) return wrong(path, "an object of prices", value);
    for (const auto& [name, each] : value.items())
      if (const auto one = price(base::member_path(path, name), each)) out[name] = *one;
  }
  std::optional<double> price(const std::string& path, const Json& value) {
    if (value.is_number() && value.get<double>() >= 0) return value.get<double>();
    wrong(path, "a number from 0", value);
    return std::nullopt;
  }

  base::LocatedJson document_;
  std::vector<base::Problem> problems_;
};

}  // namespace

Prices read_prices(const std::string& path) {
  PriceFile file(os::read_file(path));
  Prices out = file.read();
  if (file.problems().empty()) return out;
  std::string list;
  for (const auto& each : file.problems()) list += "\n  " + base::to_string(path, each);
  throw base::Error("BadInput", fmt::format("{} is no price file:{}", path, list),
                    "docs/aws.md says what one looks like");
}

}  // namespace runs
