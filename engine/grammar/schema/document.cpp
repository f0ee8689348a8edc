#include "engine/grammar/schema/document.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace quern::engine::grammar {
namespace {

// A key as it stands in a JSON pointer.
std::string pointer_key(std::string_view key) {
  std::string out;
  for (const char c : key) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

std::string from_pointer(std::string_view key) {
  std::string out;
  for (std::size_t i = 0; i < key.size(); ++i) {
    unsigned byte = 0;
    if (key[i] == '~' && i + 1 < key.size() && (key[i + 1] == '0' || key[i + 1] == '1')) {
      out += key[++i] == '0' ? '~' : '/';
    } else if (key[i] == '%' && i + 2 < key.size() &&
               std::from_chars(key.data() + i + 1, key.data() + i + 3, byte, 16).ptr == key.data() + i + 3) {
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += key[i];
    }
  }
  return out;
}

std::string_view view(const json::string& text) {
  return {text.data(), text.size()};
}

}  // namespace

SchemaDocument::SchemaDocument(const json::value& root, const SchemaOptions& options) : root_(root), options_(options) {
  index(root, nullptr, {}, 0);
}

void SchemaDocument::index(const json::value& part, const json::value* parent, std::string key, std::size_t depth) {
  if (depth > kMaxDepth) {
    status_ = fail_field("#", "a schema is at most {} levels deep", kMaxDepth);
    return;
  }
  places_[&part] = {parent, std::move(key)};
  if (const json::object* const object = part.if_object()) {
    for (const auto& [name, value] : *object) {
      if (const json::string* const text = value.if_string()) {
        if (name == "$id") ids_.emplace(view(*text), &part);
        if (name == "$anchor" || name == "$dynamicAnchor") anchors_.emplace(view(*text), &part);
      }
      index(value, &part, pointer_key({name.data(), name.size()}), depth + 1);
    }
  } else if (const json::array* const array = part.if_array()) {
    for (std::size_t i = 0; i < array->size(); ++i) index((*array)[i], &part, std::to_string(i), depth + 1);
  }
}

std::string SchemaDocument::path(const json::value& part) const {
  std::vector<std::string_view> keys;
  for (const json::value* at = &part;;) {
    const auto place = places_.find(at);
    if (place == places_.end() || place->second.parent == nullptr) break;
    keys.push_back(place->second.key);
    at = place->second.parent;
  }
  std::string out = "#";
  for (auto key = keys.rbegin(); key != keys.rend(); ++key) {
    out += '/';
    out += *key;
  }
  return out;
}

std::string SchemaDocument::path(const json::value& part, std::string_view keyword) const {
  return path(part) + "/" + pointer_key(keyword);
}

const json::value* SchemaDocument::find(std::string_view pointer) const {
  const json::value* at = &root_;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);  // '/'
    const std::string key = from_pointer(pointer.substr(0, pointer.find('/')));
    pointer.remove_prefix(std::min(pointer.find('/'), pointer.size()));
    if (const json::object* const object = at->if_object()) {
      at = object->if_contains(key);
    } else if (const json::array* const array = at->if_array()) {
      std::size_t i = 0;
      const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), i);
      const bool whole = error == std::errc() && end == key.data() + key.size();
      at = whole && i < array->size() ? &(*array)[i] : nullptr;
    } else {
      at = nullptr;
    }
    if (at == nullptr) return nullptr;
  }
  return at;
}

Result<const json::value*> SchemaDocument::resolve(std::string_view reference, const json::value& from) const {
  const std::size_t hash = reference.find('#');
  const std::string_view document = reference.substr(0, hash);
  const std::string_view fragment = hash == std::string_view::npos ? "" : reference.substr(hash + 1);
  const json::value* base = &root_;
  if (!document.empty()) {
    const auto id = ids_.find(std::string(document));
    base = id == ids_.end() ? nullptr : id->second;
  }
  const json::value* found = nullptr;
  if (base != nullptr && (fragment.empty() || (fragment.front() == '/' && base == &root_))) {
    found = fragment.empty() ? base : find(fragment);
  } else if (base != nullptr && fragment.front() != '/') {
    const auto anchor = anchors_.find(std::string(fragment));
    found = anchor == anchors_.end() ? nullptr : anchor->second;
  }
  if (found != nullptr) return found;
  return fail_field(path(from, "$ref"), "expected a part of this schema, found \"{}\"", reference);
}

std::string SchemaDocument::number_text(const json::value& number) const {
  if (number.is_int64()) return std::to_string(number.get_int64());
  if (number.is_uint64()) return std::to_string(number.get_uint64());
  const double value = number.is_double() ? number.get_double() : 0;
  if (std::isnan(value) && options_.wide_digits) return options_.wide_digits(value);
  return fmt::format("{}", value);
}

Result<Decimal> SchemaDocument::decimal(const json::value& number, std::string_view where) const {
  if (!number.is_number()) return fail_field(std::string(where), "expected a number");
  Result<Decimal> out = parse_decimal(number_text(number));
  if (!out) return fail_field(std::string(where), "{}", out.error().detail);
  return out;
}

Status SchemaDocument::cannot_enforce(const json::value& part, std::string_view keyword, std::string_view why) const {
  std::string where = path(part, keyword);
  if (options_.ignored == nullptr) return fail_field(std::move(where), "cannot be enforced: {}", why);
  if (std::find(options_.ignored->begin(), options_.ignored->end(), where) == options_.ignored->end()) {
    options_.ignored->push_back(std::move(where));
  }
  return {};
}

}  // namespace quern::engine::grammar
