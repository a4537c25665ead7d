// AWS Query and EC2's variant of it: a form with dotted names.
#include <fmt/format.h>

#include "aws/input.h"
#include "aws/protocols.h"

namespace aws {
namespace {

using base::Json;

class Form {
 public:
  explicit Form(bool is_ec2) : is_ec2_(is_ec2) {}

  void add(const std::string& prefix, const Member& member, const Json& value) {
    switch (member.shape->kind) {
      case Kind::structure:
        structure(prefix, *member.shape, value);
        break;
      case Kind::list:
        list(prefix, member, value);
        break;
      case Kind::map:
        map(prefix, member, value);
        break;
      default:
        fields.emplace_back(prefix, scalar_text(member, value, "iso8601"));
    }
  }

  void structure(const std::string& prefix, const Shape& shape, const Json& value) {
    for (const auto& member : shape.members)
      if (value.contains(member.name))
        add(prefix.empty() ? name_of(member) : prefix + "." + name_of(member), member, value[member.name]);
  }

  Pairs fields;

 private:
  std::string name_of(const Member& member) const {
    if (!is_ec2_) return member.wire.empty() ? member.name : member.wire;
    if (!member.query_name.empty()) return member.query_name;
    std::string name = member.wire.empty() ? member.name : member.wire;
    name[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(name[0])));
    return name;
  }

  void list(std::string prefix, const Member& member, const Json& value) {
    const Member& element = member.shape->element;
    if (value.empty() && !is_ec2_) fields.emplace_back(prefix, "");  // an empty list is not no list
    if (!member.flattened && !is_ec2_) prefix += "." + (element.wire.empty() ? "member" : element.wire);
    for (std::size_t i = 0; i < value.size(); ++i)
      add(fmt::format("{}.{}", prefix, i + 1), element, value[i]);
  }

  void map(const std::string& prefix, const Member& member, const Json& value) {
    const Shape& shape = *member.shape;
    const std::string key_name = shape.key.wire.empty() ? "key" : shape.key.wire;
    const std::string value_name = shape.element.wire.empty() ? "value" : shape.element.wire;
    int number = 0;
    for (const auto& [key, each] : value.items()) {
      const std::string entry = fmt::format("{}{}.{}", prefix, member.flattened ? "" : ".entry", ++number);
      add(entry + "." + key_name, shape.key, key);
      add(entry + "." + value_name, shape.element, each);
    }
  }

  bool is_ec2_;
};

}  // namespace

Pairs query_form(const Service& service, const Operation& operation, const Json& input) {
  Form form(service.protocol == Protocol::ec2);
  form.fields = {{"Action", operation.name}, {"Version", service.api_version}};
  if (operation.input.shape != nullptr) form.structure("", *operation.input.shape, input);
  return std::move(form.fields);
}

Request write_query(const Service& service, const Operation& operation, const Json& input) {
  Request request;
  request.path = operation.uri;
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
  request.body = encoded_query(query_form(service, operation, input));
  return request;
}

}  // namespace aws
