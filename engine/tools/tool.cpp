#include "engine/tools/tool.hpp"

namespace quern::engine::tools {
namespace {

namespace json = boost::json;

constexpr int kMaxDepth = 32;

Kinds kind_of_value(const json::value& value) noexcept {
  switch (value.kind()) {
    case json::kind::null:
      return kNull;
    case json::kind::bool_:
      return kBoolean;
    case json::kind::string:
      return kString;
    case json::kind::array:
      return kArray;
    case json::kind::object:
      return kObject;
    default:
      return kNumber;
  }
}

Kinds kind_of_name(const json::value& name) noexcept {
  if (!name.is_string()) return kAnyKind;
  const json::string& text = name.get_string();
  if (text == "string") return kString;
  if (text == "number" || text == "integer") return kNumber;
  if (text == "boolean") return kBoolean;
  if (text == "null") return kNull;
  if (text == "array") return kArray;
  if (text == "object") return kObject;
  return kAnyKind;
}

template <class Of>
Kinds any_of(const json::value& list, Of of) {
  if (!list.is_array()) return of(list);
  Kinds out = 0;
  for (const json::value& item : list.get_array()) out |= of(item);
  return out;
}

// budget: how many schemas may still be looked at, for those that refer to each other.
Kinds kinds_of(const json::value& schema, const json::value& root, int depth, int& budget) {
  if (!schema.is_object() || depth > kMaxDepth || --budget < 0) return kAnyKind;
  const json::object& object = schema.get_object();
  Kinds out = kAnyKind;
  const auto inner = [&](const json::value& next) { return kinds_of(next, root, depth + 1, budget); };
  if (const auto* type = object.if_contains("type"); type != nullptr) out &= any_of(*type, kind_of_name);
  if (const auto* constant = object.if_contains("const"); constant != nullptr) out &= kind_of_value(*constant);
  if (const auto* values = object.if_contains("enum"); values != nullptr && values->is_array())
    out &= any_of(*values, kind_of_value);
  for (const char* const name : {"anyOf", "oneOf"}) {
    if (const auto* list = object.if_contains(name); list != nullptr && list->is_array()) out &= any_of(*list, inner);
  }
  if (const auto* list = object.if_contains("allOf"); list != nullptr && list->is_array()) {
    for (const json::value& next : list->get_array()) out &= inner(next);
  }
  if (const auto* reference = object.if_contains("$ref"); reference != nullptr && reference->is_string()) {
    const json::string& name = reference->get_string();
    const json::value* const found = find_reference(root, {name.data(), name.size()});
    if (found != nullptr) out &= inner(*found);
  }
  return out;
}

}  // namespace

const json::value* find_reference(const json::value& root, std::string_view reference) {
  if (!reference.starts_with('#')) return nullptr;
  boost::system::error_code ec;
  return root.find_pointer(json::string_view(reference.data() + 1, reference.size() - 1), ec);
}

Kinds kinds_of(const json::value& schema, const json::value& root) {
  int budget = 1000;
  const Kinds out = kinds_of(schema, root, 0, budget);
  return out == 0 ? kAnyKind : out;
}

ToolTable::ToolTable(std::span<const Tool> tools) {
  for (const Tool& tool : tools) {
    Signature& signature = tools_[tool.name];
    signature = {};
    const json::object* const schema = tool.parameters.if_object();
    const json::value* const properties = schema != nullptr ? schema->if_contains("properties") : nullptr;
    if (properties == nullptr || !properties->is_object()) continue;
    for (const auto& [name, value] : properties->get_object()) {
      signature.parameters.emplace_back(name.data(), name.size());
      signature.kinds_by_name.emplace(signature.parameters.back(), kinds_of(value, tool.parameters));
    }
  }
}

Kinds ToolTable::Signature::kinds(const std::string& parameter) const {
  const auto found = kinds_by_name.find(parameter);
  return found == kinds_by_name.end() ? kAnyKind : found->second;
}

const ToolTable::Signature* ToolTable::find(std::string_view tool) const {
  const auto found = tools_.find(std::string(tool));
  return found == tools_.end() ? nullptr : &found->second;
}

}  // namespace quern::engine::tools
