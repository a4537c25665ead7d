// docs/json.md, for answers to be held against it.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "base/clock.h"
#include "base/json.h"

namespace tests {

/// docs/json.md, read: of each section its members and their types.
class Contract {
 public:
  Contract() {
    std::ifstream in(SOURCE_DIR "/docs/json.md");
    std::string section;
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with("## ")) section = line.substr(3);
      if (line.starts_with("The members of [run](#run)")) shapes_[section] = shapes_.at("run");
      if (section.empty() || !line.starts_with("| `")) continue;
      const auto member_end = line.find("` | "), type_end = line.find(" |", member_end + 4);
      shapes_[section][line.substr(3, member_end - 3)] =
          line.substr(member_end + 4, type_end - member_end - 4);
    }
  }

  /// Says what of the value is not as this type says.
  void expect(const base::Json& value, const std::string& type, const std::string& where) const {
    if (type.ends_with(" or null")) {
      if (!value.is_null()) expect(value, type.substr(0, type.size() - 8), where);
      return;
    }
    if (type.starts_with("array of ")) {
      ASSERT_TRUE(value.is_array()) << where << " is " << value.dump();
      for (const base::Json& each : value) expect(each, type.substr(9), where + "[]");
      return;
    }
    if (shapes_.contains(type)) return expect_shape(value, type, where);
    EXPECT_TRUE(is(value, type)) << where << " is no " << type << ": " << value.dump();
    EXPECT_FALSE(value == "-" || value == "null") << where;
  }

 private:
  void expect_shape(const base::Json& value, const std::string& shape, const std::string& where) const {
    ASSERT_TRUE(value.is_object()) << where << " is " << value.dump();
    for (const auto& [member, type] : shapes_.at(shape)) {
      ASSERT_TRUE(value.contains(member)) << where << " has no " << member << ": " << value.dump();
      expect(value[member], type, where + "." + member);
    }
    for (const auto& [member, ignored] : value.items())
      EXPECT_TRUE(shapes_.at(shape).contains(member)) << where << "." << member << " is not in docs/json.md";
  }
  static bool is(const base::Json& value, const std::string& type) {
    if (type == "string") return value.is_string();
    if (type == "integer") return value.is_number_integer();
    if (type == "number") return value.is_number();
    if (type == "boolean") return value.is_boolean();
    if (type == "object") return value.is_object();
    if (type == "time")
      return value.is_string() && value.get<std::string>().ends_with("Z") &&
             base::parse_iso_offset(value.get<std::string>());
    ADD_FAILURE() << "docs/json.md has a type that nobody knows: " << type;
    return false;
  }

  std::map<std::string, std::map<std::string, std::string>> shapes_;
};

}  // namespace tests
