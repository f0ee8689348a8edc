// Reads the fields of a JSON object from outside one by one, strictly: a wrong type or range is an error that names the
// field, what was expected and what was found; null is the same as absent; a field that nobody asked for is noted, or
// an error too: a misspelt one would change the result without a word. The first error wins, later reads do nothing.
// Threads: one. Refers to the object.
#pragma once

#include "server/api/json_document.hpp"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quern::server {

// What a parser asks for: the reference of the API is made of it (openapi.hpp).
enum class FieldKind : std::uint8_t { boolean, text, number, integer, texts, object, array, any, ignored, unsupported };
struct FieldUse {
  std::string path;  // "messages[].content"
  FieldKind kind = FieldKind::any;
};

// While it lives, the parsers that run on its thread see a document in which every object and every array of objects is
// there and empty; nothing is missing and nothing wrong, and what they ask for is noted.
class FieldRecorder {
 public:
  FieldRecorder() noexcept;
  ~FieldRecorder();
  FieldRecorder(const FieldRecorder&) = delete;
  FieldRecorder& operator=(const FieldRecorder&) = delete;

  void note(const std::string& path, FieldKind kind);
  const std::vector<FieldUse>& uses() const noexcept { return uses_; }  // each path once, as first asked for
  static FieldRecorder* current() noexcept;

 private:
  FieldRecorder* const outer_;
  std::vector<FieldUse> uses_;
};

class JsonFields {
 public:
  // path: where the object is, for messages: "" for the body, "messages[2]" inside. unknown: gets the paths of fields
  // that no read asked for; nullptr: they are an error.
  JsonFields(const json::object& object, std::string path, std::vector<std::string>* unknown = nullptr);
  // An object inside of another one.
  JsonFields(const JsonFields& outer, const json::object& object, std::string_view key)
      : JsonFields(object, outer.path_of(key), outer.unknown_) {}

  // Each leaves `out` alone where the field is absent, and returns whether it was there (and fine).
  bool read(std::string_view key, bool& out);
  bool read(std::string_view key, std::string& out);
  bool read(std::string_view key, float& out);  // any finite number that fits
  bool read(std::string_view key, std::int32_t& out);
  bool read(std::string_view key, std::uint32_t& out, std::uint32_t min = 0, std::uint32_t max = UINT32_MAX);
  bool read(std::string_view key, std::int64_t& out);
  bool read(std::string_view key, std::vector<std::string>& out);

  // The value itself; nullptr when absent, null, or after an error.
  const json::value* value(std::string_view key);
  const json::object* object(std::string_view key);
  const json::array* array(std::string_view key);

  // Fields that change nothing here: any value is fine.
  void ignore(std::initializer_list<std::string_view> keys);
  // Fields that this build cannot honour: absent, null, false, 0, "" and empty arrays or objects are fine, all else is
  // an error, never a silent default.
  void unsupported(std::initializer_list<std::string_view> keys);

  // Notes an error found by the caller. `field` is relative to this object.
  void refuse(std::string_view field, std::string_view detail);
  void refuse(Error error);
  void refuse_unsupported(std::string_view field, std::string_view detail);  // as what this build cannot honour
  bool failed() const noexcept { return error_.has_value(); }
  std::string path_of(std::string_view key) const;

  // The first error; else fields that no read asked for and that are not null are noted, or the first one is an error.
  Status finish();

 private:
  // Notes that the parser knows the key. nullptr when absent, null, or after an error.
  const json::value* find(std::string_view key, FieldKind kind);
  bool integer(std::string_view key, std::int64_t min, std::int64_t max, std::int64_t& out);
  void wrong_type(std::string_view key, std::string_view expected, const json::value& found);

  const json::object& object_;
  const std::string path_;
  std::vector<std::string>* const unknown_;
  std::vector<std::string_view> known_;
  std::optional<Error> error_;
};

// "the string \"abc\"", "the number 3", "an array": short enough for a message.
std::string describe(const json::value& value);

}  // namespace quern::server
