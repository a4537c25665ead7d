#include "asl/path.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace asl {

using base::Error;

namespace {

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

using Nodes = std::vector<const Json*>;

void children_of(const Json& node, Nodes& out) {
  if (!node.is_structured()) return;
  for (const Json& child : node) out.push_back(&child);
}

void descend(const Json& node, const Path::Descendant& wanted, Nodes& out) {
  if (wanted.any) {
    children_of(node, out);
  } else if (node.is_object() && node.contains(wanted.name)) {
    out.push_back(&node[wanted.name]);
  }
  if (!node.is_structured()) return;
  for (const Json& child : node) descend(child, wanted, out);
}

std::optional<std::size_t> resolve_index(const Json& array, std::int64_t index) {
  const auto size = static_cast<std::int64_t>(array.size());
  if (index < 0) index += size;
  if (index < 0 || index >= size) return std::nullopt;
  return static_cast<std::size_t>(index);
}

void slice_of(const Json& node, const Path::Slice& slice, Nodes& out) {
  if (!node.is_array()) return;
  const auto size = static_cast<std::int64_t>(node.size());
  auto bound = [size](std::int64_t at) { return std::clamp<std::int64_t>(at < 0 ? at + size : at, 0, size); };
  const auto to = bound(slice.to.value_or(size));
  for (auto i = bound(slice.from.value_or(0)); i < to; i += slice.step)
    out.push_back(&node[static_cast<std::size_t>(i)]);
}

void follow(const Json& node, const Path::Segment& segment, const Scope& scope, Nodes& out) {
  std::visit(Overloaded{
                 [&](const Path::Name& name) {
                   if (!node.is_object()) return;
                   for (const auto& each : name.names)
                     if (auto found = node.find(each); found != node.end()) out.push_back(&*found);
                 },
                 [&](const Path::Index& index) {
                   if (!node.is_array()) return;
                   for (const auto each : index.indexes)
                     if (const auto at = resolve_index(node, each)) out.push_back(&node[*at]);
                 },
                 [&](const Path::Slice& slice) { slice_of(node, slice, out); },
                 [&](const Path::Wildcard&) { children_of(node, out); },
                 [&](const Path::Descendant& wanted) { descend(node, wanted, out); },
                 [&](const Path::Filter& filter) {
                   Nodes candidates;
                   if (node.is_array())
                     children_of(node, candidates);
                   else
                     candidates.push_back(&node);
                   for (const Json* each : candidates)
                     if (filter_matches(filter.expression, *each, scope)) out.push_back(each);
                 },
             },
             segment);
}

bool is_definite(const Path::Segment& segment) {
  if (const auto* name = std::get_if<Path::Name>(&segment)) return name->names.size() == 1;
  if (const auto* index = std::get_if<Path::Index>(&segment)) return index->indexes.size() == 1;
  return false;
}

}  // namespace

bool Path::definite() const {
  return std::ranges::all_of(segments_, is_definite);
}

bool Path::reference() const {
  return definite() && std::ranges::none_of(segments_, [](const Segment& segment) {
           const auto* index = std::get_if<Index>(&segment);
           return index != nullptr && index->indexes[0] < 0;
         });
}

std::optional<Json> Path::select(const Scope& scope) const {
  const Json* root = root_ == Root::context ? &scope.context : &scope.input;
  if (root_ == Root::variable) {
    const auto found = scope.variables.find(variable_);
    if (found == scope.variables.end()) return std::nullopt;
    root = &*found;
  }
  Nodes nodes{root};
  for (const Segment& segment : segments_) {
    Nodes next;
    for (const Json* node : nodes) follow(*node, segment, scope, next);
    nodes = std::move(next);
  }
  if (definite()) return nodes.empty() ? std::nullopt : std::optional<Json>(*nodes[0]);
  Json matches = Json::array();
  for (const Json* node : nodes) matches.push_back(*node);
  return matches;
}

void Path::assign(Json& root, Json value) const {
  auto refuse = [&]() -> Error {
    return {"States.ResultPathMatchFailure",
            fmt::format("Unable to apply ReferencePath {} to input {}", text_, root.dump())};
  };
  Json* node = &root;
  for (const Segment& segment : segments_) {
    if (const auto* name = std::get_if<Name>(&segment)) {
      if (node->is_null() && node != &root) *node = Json::object();
      if (!node->is_object()) throw refuse();
      node = &(*node)[name->names.at(0)];
    } else if (const auto* index = std::get_if<Index>(&segment)) {
      if (!node->is_array()) throw refuse();
      const auto at = resolve_index(*node, index->indexes.at(0));
      if (!at) throw refuse();
      node = &(*node)[*at];
    } else {
      throw refuse();
    }
  }
  *node = std::move(value);
}

std::string Path::bracketed() const {
  std::string out = root_ == Root::context ? "$$" : root_ == Root::variable ? "$" + variable_ : "$";
  for (const Segment& segment : segments_) {
    if (const auto* name = std::get_if<Name>(&segment)) {
      for (const auto& each : name->names) out += fmt::format("['{}']", each);
    } else if (const auto* index = std::get_if<Index>(&segment)) {
      out += fmt::format("[{}]", index->indexes[0]);
    } else {
      return text_;
    }
  }
  return out;
}

}  // namespace asl
