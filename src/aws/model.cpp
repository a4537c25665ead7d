#include "aws/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "aws/models.h"
#include "base/error.h"
#include "base/text.h"

namespace aws {
namespace {

using base::Json;

const std::map<std::string_view, Kind> kinds = {
    {"structure", Kind::structure}, {"list", Kind::list},        {"map", Kind::map},
    {"string", Kind::string},       {"character", Kind::string}, {"integer", Kind::integer},
    {"long", Kind::integer},        {"short", Kind::integer},    {"byte", Kind::integer},
    {"float", Kind::real},          {"double", Kind::real},      {"boolean", Kind::boolean},
    {"timestamp", Kind::timestamp}, {"blob", Kind::blob}};
const std::map<std::string_view, Place> places = {{"uri", Place::uri},
                                                  {"querystring", Place::query},
                                                  {"header", Place::header},
                                                  {"headers", Place::headers},
                                                  {"statusCode", Place::status}};
const std::map<std::string_view, Protocol> protocols = {{"query", Protocol::query},
                                                        {"ec2", Protocol::ec2},
                                                        {"json", Protocol::json},
                                                        {"rest-json", Protocol::rest_json},
                                                        {"rest-xml", Protocol::rest_xml}};

template <typename Value>
Value known(const std::map<std::string_view, Value>& table, const std::string& word) {
  const auto at = table.find(word);
  if (at == table.end()) throw base::Error("InvalidModel", fmt::format("'{}' is not known", word));
  return at->second;
}

using Shapes = std::map<std::string, Shape, std::less<>>;

/// What stands at a reference overrides what stands at the shape that it refers to.
class Traits {
 public:
  Traits(const Json& reference, const Json& shape) : reference_(reference), shape_(shape) {}

  const Json* find(const char* trait) const {
    for (const Json* from : {&reference_, &shape_})
      if (const auto at = from->find(trait); at != from->end()) return &*at;
    return nullptr;
  }
  std::string text(const char* trait) const {
    const Json* found = find(trait);
    return found == nullptr ? "" : found->get<std::string>();
  }
  bool flag(const char* trait) const {
    const Json* found = find(trait);
    return found != nullptr && found->get<bool>();
  }

 private:
  const Json& reference_;
  const Json& shape_;
};

Member member(const Json& reference, const Json& models, Shapes& shapes) {
  const std::string name = reference.at("shape");
  const Traits traits(reference, models.at(name));
  Member out;
  out.shape = &shapes[name];
  out.wire = traits.text("locationName");
  out.query_name = traits.text("queryName");
  out.time_format = traits.text("timestampFormat");
  if (const Json* place = traits.find("location")) out.place = known(places, *place);
  if (const Json* space = traits.find("xmlNamespace")) {
    out.xml_namespace = space->is_string() ? space->get<std::string>() : space->value("uri", "");
    out.xml_prefix = space->is_string() ? "" : space->value("prefix", "");
  }
  out.flattened = traits.flag("flattened");
  out.is_attribute = traits.flag("xmlAttribute");
  out.is_token = traits.flag("idempotencyToken");
  out.is_secret = traits.flag("sensitive");
  return out;
}

void read_shape(const Json& model, const Json& models, Shapes& shapes, Shape& out) {
  out.kind = known(kinds, model.at("type"));
  out.required = model.value("required", std::vector<std::string>());
  out.payload = model.value("payload", "");
  if (model.contains("members"))
    for (const auto& [name, reference] : model["members"].items()) {
      out.members.push_back(member(reference, models, shapes));
      out.members.back().name = name;
    }
  for (const char* inner : {"member", "value"})
    if (model.contains(inner)) out.element = member(model[inner], models, shapes);
  if (model.contains("key")) out.key = member(model["key"], models, shapes);
}

Operation read_operation(const std::string& name, const Json& model, const Json& models, Shapes& shapes) {
  Operation out;
  out.name = name;
  out.method = model.at("http").at("method");
  out.uri = model.at("http").at("requestUri");
  if (model.contains("input")) out.input = member(model["input"], models, shapes);
  if (model.contains("output")) {
    out.output = member(model["output"], models, shapes);
    out.result = model["output"].value("resultWrapper", "");
  }
  out.is_signed = model.value("authtype", "") != "none";
  out.wants_checksum = model.value("httpChecksumRequired", false);
  return out;
}

}  // namespace

const Member* Shape::find(std::string_view member_name) const {
  const auto at = std::ranges::find(members, member_name, &Member::name);
  return at == members.end() ? nullptr : &*at;
}

Service::Service(std::string service_name, std::string_view text) : name(std::move(service_name)) {
  try {
    const Json model = base::parse_json(text);
    const Json& metadata = model.at("metadata");
    protocol = known(protocols, metadata.at("protocol"));
    endpoint_prefix = metadata.at("endpointPrefix");
    signing_name = metadata.value("signingName", endpoint_prefix);
    id = base::lower(metadata.value("serviceId", name));
    std::ranges::replace(id, ' ', '_');
    api_version = metadata.value("apiVersion", "");
    json_version = metadata.value("jsonVersion", "1.0");
    target_prefix = metadata.value("targetPrefix", "");
    xml_namespace = metadata.value("xmlNamespace", "");
    const Json& models = model.at("shapes");
    for (const auto& [shape, each] : models.items()) {
      shapes_[shape].name = shape;
      read_shape(each, models, shapes_, shapes_[shape]);
    }
    for (const auto& [operation, each] : model.at("operations").items())
      operations_.emplace(operation, read_operation(operation, each, models, shapes_));
  } catch (const Json::exception& error) {
    throw base::Error("InvalidModel", fmt::format("the model of {}: {}", name, error.what()));
  }
}

const Operation& Service::operation(std::string_view operation_name) const {
  if (const auto at = operations_.find(operation_name); at != operations_.end()) return at->second;
  std::vector<std::string_view> names;
  for (const auto& [each, operation] : operations_) names.push_back(each);
  throw base::Error("UnknownOperation", fmt::format("{} has no operation '{}' here", name, operation_name),
                    base::did_you_mean(operation_name, names));
}

const Service& service(std::string_view name) {
  static std::mutex mutex;
  static std::map<std::string, Service, std::less<>> read;
  const std::lock_guard lock(mutex);
  if (const auto at = read.find(name); at != read.end()) return at->second;
  for (const auto& [known_name, text] : model_texts())
    if (known_name == name) return read.try_emplace(std::string(name), std::string(name), text).first->second;
  throw base::Error("UnknownService", fmt::format("no model of a service '{}' is built in", name),
                    "add it to tools/aws-models");
}

}  // namespace aws
