// What makes a state machine document wrong (States Language specification; Step Functions' quotas), in
// parts: machines and states (lint.cpp), their fields and handlers (lint_fields.cpp), paths and templates
// (lint_values.cpp).
#pragma once

#include <set>

#include "asl/machine.h"

namespace asl {

/// A walk over one document; lines are added by lint().
class Linter {
 public:
  std::vector<base::Problem> problems;

  void machine(const Json& json, const std::string& where);

 private:
  void problem(std::string path, std::string message);
  void target(const Json& states, const Json& name, const std::string& where, std::set<std::string>& reached);
  void state(const Json& states, const std::string& name, const Json& json, const std::string& machine_path,
             std::set<std::string>& reached);
  void transition(const Json& states, const Json& json, std::string_view type, const std::string& where,
                  std::set<std::string>& reached);
  void wait(const Json& json, const std::string& where);
  void choices(const Json& states, const Json& json, const std::string& where,
               std::set<std::string>& reached);
  void branches(const Json& json, const std::string& where);
  void map(const Json& json, const std::string& where);

  // ---- fields and handlers

  void fields(const Json& json, std::string_view type, const std::string& where);
  void handlers(const Json& states, const Json& json, const std::string& where,
                std::set<std::string>& reached);
  void error_equals(const Json& handler, const std::string& where, bool last);
  void retrier(const Json& json, const std::string& where);

  // ---- paths and templates

  void value_text(const Json& value, const std::string& where);
  void reference(const Json& json, const char* field, const std::string& where);
  void templates(const Json& json, const std::string& where);
  void paths(const Json& json, const std::string& where);

  std::set<std::string> names_;  ///< of states, in the whole document
};

}  // namespace asl
