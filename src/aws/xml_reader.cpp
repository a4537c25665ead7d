// Answers in XML: of the query protocol, EC2 and S3.
#include <fmt/format.h>

#include <pugixml.hpp>

#include "aws/protocols.h"
#include "aws/timestamp.h"
#include "base/error.h"
#include "base/text.h"

namespace aws {
namespace {

using base::Json;

/// Without its prefix: `<s3:Key>` is a Key.
std::string_view local_name(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  return name.substr(name.find(':') + 1);
}

std::vector<pugi::xml_node> children(const pugi::xml_node& node, std::string_view name) {
  std::vector<pugi::xml_node> out;
  for (const auto& child : node.children())
    if (child.type() == pugi::node_element && (name.empty() || local_name(child) == name))
      out.push_back(child);
  return out;
}

pugi::xml_node child(const pugi::xml_node& node, std::string_view name) {
  const auto all = children(node, name);
  return all.empty() ? pugi::xml_node() : all.front();
}

Json value_of(const Member& member, const pugi::xml_node& node);

Json list_of(const Member& element, const std::vector<pugi::xml_node>& nodes) {
  Json out = Json::array();
  for (const auto& node : nodes) out.push_back(value_of(element, node));
  return out;
}

Json map_of(const Shape& shape, const std::vector<pugi::xml_node>& entries) {
  Json out = Json::object();
  for (const auto& entry : entries) {
    const auto key = child(entry, shape.key.wire.empty() ? "key" : shape.key.wire);
    const auto value = child(entry, shape.element.wire.empty() ? "value" : shape.element.wire);
    out[key.text().get()] = value_of(shape.element, value);
  }
  return out;
}

/// `prefix:name` is `name` here: pugixml knows no namespaces.
pugi::xml_attribute attribute(const pugi::xml_node& node, std::string_view name) {
  for (const auto& each : node.attributes())
    if (each.name() == name) return each;
  return {};
}

/// What is flattened stands beside its siblings, under the name of its elements or that of the member.
std::vector<pugi::xml_node> found(const Member& member, const pugi::xml_node& node) {
  const bool is_flat = member.flattened && member.shape->kind == Kind::list;
  if (is_flat && !member.shape->element.wire.empty())
    if (auto nodes = children(node, member.shape->element.wire); !nodes.empty()) return nodes;
  return children(node, member.wire.empty() ? member.name : member.wire);
}

bool is_elsewhere(const Member& member) {
  return member.place == Place::header || member.place == Place::headers || member.place == Place::status;
}

Json structure_of(const Shape& shape, const pugi::xml_node& node) {
  Json out = Json::object();
  for (const auto& member : shape.members) {
    if (is_elsewhere(member)) continue;
    if (member.is_attribute) {
      if (const auto at = attribute(node, member.wire)) out[member.name] = scalar_value(member, at.value());
      continue;
    }
    const auto nodes = found(member, node);
    if (nodes.empty()) continue;
    if (member.flattened && member.shape->kind == Kind::list)
      out[member.name] = list_of(member.shape->element, nodes);
    else if (member.flattened && member.shape->kind == Kind::map)
      out[member.name] = map_of(*member.shape, nodes);
    else
      out[member.name] = value_of(member, nodes.front());
  }
  return out;
}

Json value_of(const Member& member, const pugi::xml_node& node) {
  const Shape& shape = *member.shape;
  switch (shape.kind) {
    case Kind::structure:
      return structure_of(shape, node);
    case Kind::list:
      return list_of(shape.element, children(node, ""));
    case Kind::map:
      return map_of(shape, children(node, ""));
    default:
      return scalar_value(member, node.text().get());
  }
}

pugi::xml_document parse(std::string_view body) {
  pugi::xml_document document;
  const auto result =
      document.load_buffer(body.data(), body.size(), pugi::parse_default | pugi::parse_ws_pcdata_single);
  if (!result || !document.document_element())
    throw base::Error("InvalidResponse",
                      fmt::format("the answer is no XML: {} (byte {})", result.description(), result.offset));
  return document;
}

/// The first element of this name, wherever it is.
pugi::xml_node anywhere(const pugi::xml_node& root, std::string_view name) {
  return root.find_node([&](const pugi::xml_node& node) { return local_name(node) == name; });
}

}  // namespace

Json read_xml(const Service& service, const Operation& operation, std::string_view body) {
  if (operation.output.shape == nullptr || operation.output.shape->members.empty()) return Json::object();
  const auto document = parse(body);
  const auto root = document.document_element();
  const std::string result = operation.result.empty() ? operation.name + "Result" : operation.result;
  const auto output =
      service.protocol == Protocol::ec2 || local_name(root) == result ? root : child(root, result);
  if (!output || (service.protocol == Protocol::ec2 && local_name(root) != operation.name + "Response"))
    throw base::Error("InvalidResponse",
                      fmt::format("the answer is <{}> without a {}", local_name(root), result));
  return structure_of(*operation.output.shape, output);
}

Json read_xml_structure(const Member& member, std::string_view body) {
  if (base::trim(body).empty()) return Json::object();
  const auto document = parse(body);
  if (base::lower(document.document_element().name()) == "html")
    throw base::Error("InvalidResponse", "the answer is a web page");
  const auto root = document.document_element();
  // S3 answers GetBucketLocation with the member alone, without the structure that it is of (API reference,
  // and the trait s3UnwrappedXmlOutput of its model, which botocore's leave out).
  const auto& shape = *member.shape;
  if (shape.kind == Kind::structure && shape.members.size() == 1 && local_name(root) == shape.members[0].name)
    return {{shape.members[0].name, value_of(shape.members[0], root)}};
  return value_of(member, root);
}

Refusal read_xml_refusal(std::string_view body) {
  pugi::xml_document document;
  if (!document.load_buffer(body.data(), body.size())) return {};
  const auto error = anywhere(document, "Error");
  Refusal out{child(error, "Code").text().get(), child(error, "Message").text().get(), ""};
  for (const char* name : {"RequestId", "RequestID", "requestId"})
    if (out.request_id.empty()) out.request_id = anywhere(document, name).text().get();
  return out;
}

}  // namespace aws
