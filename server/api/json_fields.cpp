#include "server/api/json_fields.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <boost/json/serialize.hpp>

namespace quern::server {
namespace {

constexpr std::size_t kShownBytes = 40;
constexpr double kExactIntegers = 9007199254740992.0;  // 2^53: above it a double may stand for another integer

// An integer, also when written as 3.0 or 1e3.
std::optional<std::int64_t> exact_integer(const json::value& value) noexcept {
  if (value.is_int64()) return value.get_int64();
  if (!value.is_double()) return std::nullopt;  // uint64 kinds are beyond int64
  const double number = value.get_double();
  if (std::trunc(number) != number || std::abs(number) > kExactIntegers) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

// The first kShownBytes, without half a character at the end.
std::string_view front_characters(std::string_view text) noexcept {
  if (text.size() <= kShownBytes) return text;
  std::size_t end = kShownBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0u) == 0x80u) --end;
  return text.substr(0, end);
}

bool is_nothing(const json::value& value) noexcept {
  switch (value.kind()) {
    case json::kind::null:
      return true;
    case json::kind::bool_:
      return !value.get_bool();
    case json::kind::string:
      return value.get_string().empty();
    case json::kind::array:
      return value.get_array().empty();
    case json::kind::object:
      return value.get_object().empty();
    case json::kind::int64:
      return value.get_int64() == 0;
    case json::kind::uint64:
      return value.get_uint64() == 0;
    case json::kind::double_:
      return value.get_double() == 0;
  }
  return false;
}

}  // namespace

std::string describe(const json::value& value) {
  if (value.is_array()) return "an array";
  if (value.is_object()) return "an object";
  if (value.is_string() && value.get_string().size() > kShownBytes) {
    return fmt::format("a string of {} bytes", value.get_string().size());
  }
  if (value.is_double() && wide_index(value.get_double())) return "an integer of more than 64 bits";
  if (value.is_double()) return fmt::format("{}", value.get_double());
  return json::serialize(value);
}

namespace {
thread_local FieldRecorder* recording = nullptr;
}  // namespace

FieldRecorder::FieldRecorder() noexcept : outer_(recording) {
  recording = this;
}
FieldRecorder::~FieldRecorder() {
  recording = outer_;
}
FieldRecorder* FieldRecorder::current() noexcept {
  return recording;
}

void FieldRecorder::note(const std::string& path, FieldKind kind) {
  std::string general = path;
  for (std::size_t at = general.find("[0]"); at != std::string::npos; at = general.find("[0]"))
    general.erase(at + 1, 1);
  if (std::ranges::find(uses_, general, &FieldUse::path) == uses_.end()) uses_.push_back({std::move(general), kind});
}

JsonFields::JsonFields(const json::object& object, std::string path, std::vector<std::string>* unknown)
    : object_(object), path_(std::move(path)), unknown_(unknown) {}

std::string JsonFields::path_of(std::string_view key) const {
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

void JsonFields::refuse(std::string_view field, std::string_view detail) {
  refuse(fail_field(path_of(field), "{}", detail));
}

void JsonFields::refuse_unsupported(std::string_view field, std::string_view detail) {
  Error error = fail_field(path_of(field), "{}", detail);
  error.code = Errc::unsupported;
  refuse(std::move(error));
}

void JsonFields::refuse(Error error) {
  if (!error_ && FieldRecorder::current() == nullptr) error_ = std::move(error);
}

void JsonFields::wrong_type(std::string_view key, std::string_view expected, const json::value& found) {
  refuse(key, fmt::format("expected {}, found {}", expected, describe(found)));
}

const json::value* JsonFields::find(std::string_view key, FieldKind kind) {
  known_.push_back(key);
  if (FieldRecorder* const recorder = FieldRecorder::current()) {
    recorder->note(path_of(key), kind);
    return nullptr;
  }
  if (error_) return nullptr;
  const json::value* found = object_.if_contains(key);
  return found == nullptr || found->is_null() ? nullptr : found;
}

const json::value* JsonFields::value(std::string_view key) {
  return find(key, FieldKind::any);
}

const json::object* JsonFields::object(std::string_view key) {
  static const json::object kEmpty;
  const json::value* found = find(key, FieldKind::object);
  if (FieldRecorder::current() != nullptr) return &kEmpty;
  if (found == nullptr) return nullptr;
  if (!found->is_object()) wrong_type(key, "an object", *found);
  return found->if_object();
}

const json::array* JsonFields::array(std::string_view key) {
  static const json::array kOne{json::object()};
  const json::value* found = find(key, FieldKind::array);
  if (FieldRecorder::current() != nullptr) return &kOne;
  if (found == nullptr) return nullptr;
  if (!found->is_array()) wrong_type(key, "an array", *found);
  return found->if_array();
}

bool JsonFields::read(std::string_view key, bool& out) {
  const json::value* found = find(key, FieldKind::boolean);
  if (found == nullptr) return false;
  if (!found->is_bool()) return wrong_type(key, "true or false", *found), false;
  out = found->get_bool();
  return true;
}

bool JsonFields::read(std::string_view key, std::string& out) {
  const json::value* found = find(key, FieldKind::text);
  if (found == nullptr) return false;
  if (!found->is_string()) return wrong_type(key, "a string", *found), false;
  out.assign(found->get_string().data(), found->get_string().size());
  return true;
}

bool JsonFields::read(std::string_view key, float& out) {
  const json::value* found = find(key, FieldKind::number);
  if (found == nullptr) return false;
  if (!found->is_number()) return wrong_type(key, "a number", *found), false;
  const double number = found->to_number<double>();
  if (!(std::abs(number) <= std::numeric_limits<float>::max())) return wrong_type(key, "a number", *found), false;
  out = static_cast<float>(number);
  return true;
}

bool JsonFields::integer(std::string_view key, std::int64_t min, std::int64_t max, std::int64_t& out) {
  const json::value* found = find(key, FieldKind::integer);
  if (found == nullptr) return false;
  const std::optional<std::int64_t> number = exact_integer(*found);
  if (!number) return wrong_type(key, "an integer", *found), false;
  if (*number < min || *number > max) {
    const std::string range = *number < min ? fmt::format("at least {}", min) : fmt::format("at most {}", max);
    return refuse(key, fmt::format("must be {}, found {}", range, *number)), false;
  }
  out = *number;
  return true;
}

bool JsonFields::read(std::string_view key, std::int32_t& out) {
  using Limits = std::numeric_limits<std::int32_t>;
  std::int64_t number = 0;
  if (!integer(key, Limits::min(), Limits::max(), number)) return false;
  out = static_cast<std::int32_t>(number);
  return true;
}

bool JsonFields::read(std::string_view key, std::uint32_t& out, std::uint32_t min, std::uint32_t max) {
  std::int64_t number = 0;
  if (!integer(key, min, max, number)) return false;
  out = static_cast<std::uint32_t>(number);
  return true;
}

bool JsonFields::read(std::string_view key, std::int64_t& out) {
  using Limits = std::numeric_limits<std::int64_t>;
  return integer(key, Limits::min(), Limits::max(), out);
}

bool JsonFields::read(std::string_view key, std::vector<std::string>& out) {
  const json::value* value = find(key, FieldKind::texts);
  if (value == nullptr) return false;
  if (!value->is_array()) return wrong_type(key, "an array", *value), false;
  const json::array& found = value->get_array();
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const json::value& item = found[i];
    if (!item.is_string()) return wrong_type(fmt::format("{}[{}]", key, i), "a string", item), false;
    texts.emplace_back(item.get_string().data(), item.get_string().size());
  }
  out = std::move(texts);
  return true;
}

void JsonFields::ignore(std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) find(key, FieldKind::ignored);
}

void JsonFields::unsupported(std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    const json::value* found = find(key, FieldKind::unsupported);
    if (found == nullptr || is_nothing(*found)) continue;
    refuse_unsupported(key, "not supported yet");
  }
}

Status JsonFields::finish() {
  constexpr std::size_t kMaxUnknown = 64;  // who sends more of them learns of the first ones
  if (error_) return *error_;
  if (FieldRecorder::current() != nullptr) return {};
  for (const auto& field : object_) {
    if (field.value().is_null()) continue;
    const std::string_view key(field.key().data(), field.key().size());
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    std::string path = path_of(front_characters(key));
    if (unknown_ == nullptr) return fail_field(std::move(path), "unknown field");
    if (unknown_->size() < kMaxUnknown) unknown_->push_back(std::move(path));
  }
  return {};
}

}  // namespace quern::server
