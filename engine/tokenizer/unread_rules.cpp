#include "engine/tokenizer/unread_rules.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace quern::engine {

namespace {

struct Flag {
  const char* key;
  std::array<std::string_view, 2> read_by;  // tokenizer models
};
constexpr Flag kFlags[] = {
    {"tokenizer.ggml.add_space_prefix", {"llama", "t5"}},
    {"tokenizer.ggml.remove_extra_whitespaces", {"t5"}},
    {"tokenizer.ggml.normalizer.lowercase", {"bert", "whitespace"}},
    {"tokenizer.ggml.normalizer.strip_accents", {"bert"}},
};

// A SentencePiece table of replacements; an empty one replaces nothing.
constexpr const char* kCharsMap = "tokenizer.ggml.precompiled_charsmap";

}  // namespace

Status refuse_unread_rules(const gguf::GgufFile& file, std::string_view model) {
  for (const Flag& flag : kFlags) {
    if (std::find(flag.read_by.begin(), flag.read_by.end(), model) != flag.read_by.end()) continue;
    QUERN_TRY(const bool set, file.get_bool_or(flag.key, false));
    if (set)
      return fail(Errc::unsupported, "{}: want false with tokenizer.ggml.model '{}', found true", flag.key, model);
  }
  if (model == "t5" || file.find(kCharsMap) == nullptr) return {};
  QUERN_TRY(const std::string_view map, file.get_bytes(kCharsMap));
  if (map.empty()) return {};
  return fail(Errc::unsupported, "{}: want an empty one with tokenizer.ggml.model '{}', found {} bytes", kCharsMap,
              model, map.size());
}

}  // namespace quern::engine
