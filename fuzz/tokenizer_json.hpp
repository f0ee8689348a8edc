// A tokenizer.json put together from a few bytes: each picks one of the library's parts. For tokenizer_fuzz.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace quern::fuzz {

inline std::string tokenizer_json(const std::uint8_t* choice) {  // of 8 bytes
  static constexpr std::array<std::string_view, 12> kNormalizers{
      "null",
      R"({"type":"NFKC"})",
      R"({"type":"NFD"})",
      R"({"type":"Lowercase"})",
      R"({"type":"Nmt"})",
      R"({"type":"StripAccents"})",
      R"({"type":"Strip","strip_left":true,"strip_right":false})",
      R"({"type":"Replace","pattern":{"String":" "},"content":"▁"})",
      R"({"type":"Replace","pattern":{"Regex":"a*|\\s+$"},"content":"b"})",
      R"({"type":"Prepend","prepend":"▁"})",
      R"({"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true})",
      R"({"type":"ByteLevel"})"};
  static constexpr std::array<std::string_view, 15> kPretokenizers{
      R"({"type":"ByteLevel","add_prefix_space":true,"use_regex":true})",
      R"({"type":"ByteLevel","add_prefix_space":false,"use_regex":false})",
      R"({"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true})",
      R"({"type":"Metaspace","replacement":"▁","prepend_scheme":"first","split":false})",
      R"({"type":"Split","pattern":{"Regex":"\\b|a+"},"behavior":"Isolated","invert":false})",
      R"({"type":"Split","pattern":{"Regex":"[^a]*"},"behavior":"Contiguous","invert":true})",
      R"({"type":"Split","pattern":{"String":" "},"behavior":"MergedWithNext","invert":false})",
      R"({"type":"Split","pattern":{"String":"a"},"behavior":"MergedWithPrevious","invert":true})",
      R"({"type":"Split","pattern":{"Regex":"(?:a|b)+"},"behavior":"Removed","invert":false})",
      R"({"type":"Digits","individual_digits":false})",
      R"({"type":"Punctuation","behavior":"Contiguous"})",
      R"({"type":"Whitespace"})",
      R"({"type":"BertPreTokenizer"})",
      R"({"type":"CharDelimiterSplit","delimiter":"é"})",
      R"({"type":"FixedLength","length":3})"};
  static constexpr std::array<std::string_view, 7> kModels{
      R"("type":"BPE","unk_token":"<unk>","fuse_unk":true,"merges":["a b","▁ a","Ġ a"])",
      R"("type":"BPE","ignore_merges":true,"byte_fallback":true,"merges":[])",
      R"("type":"BPE","end_of_word_suffix":"</w>","continuing_subword_prefix":"##","unk_token":"<unk>","merges":["a ##b"])",
      R"("type":"WordPiece","unk_token":"<unk>","max_input_chars_per_word":9)",
      R"("type":"WordLevel","unk_token":"<unk>")",
      R"("type":"Unigram","unk_id":0,"byte_fallback":true)",
      R"("type":"Unigram","unk_id":null)"};
  static constexpr std::array<std::string_view, 7> kDecoders{
      "null",
      R"({"type":"ByteLevel"})",
      R"({"type":"Metaspace","replacement":"▁","prepend_scheme":"always"})",
      R"({"type":"WordPiece","prefix":"##","cleanup":true})",
      R"({"type":"BPEDecoder","suffix":"</w>"})",
      R"({"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},
         {"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]})",
      R"({"type":"Strip","content":"a","start":1,"stop":2})"};
  static constexpr std::array<std::string_view, 14> kTokens{"<unk>", "a", "b", "ab", "##b", "b</w>", "▁",
                                                            "▁a",    "1", " ", "é",  "Ġ",   "Ġa",    "<0x61>"};
  const std::string_view model = kModels[choice[0] % kModels.size()];
  const bool scored = model.find("Unigram") != std::string_view::npos;
  std::string vocab;
  for (std::size_t i = 0; i < kTokens.size(); ++i) {
    const std::string number = std::to_string(i), text = "\"" + std::string(kTokens[i]) + "\"";
    vocab += (i == 0 ? "" : ",") + (scored ? "[" + text + ",-" + number + ".5]" : text + ":" + number);
  }
  std::string added;
  unsigned n_added = 0;
  for (const std::string_view text : {"<n>", "a b", "É"}) {
    const unsigned flags = choice[1] >> n_added;
    const auto flag = [&](const char* name, unsigned bit) {
      return ",\"" + std::string(name) + "\":" + ((flags >> bit & 1) != 0 ? "true" : "false");
    };
    added += (added.empty() ? "" : ",") + ("{\"id\":" + std::to_string(20 + n_added++)) + ",\"content\":\"" +
             std::string(text) + "\"" + flag("lstrip", 0) + flag("rstrip", 1) + flag("single_word", 2) +
             flag("normalized", 3) + flag("special", 4) + "}";
  }
  const auto sequence = [&](const auto& parts, const char* name, std::size_t first) {
    return R"({"type":"Sequence",")" + std::string(name) + "\":[" + std::string(parts[choice[first] % parts.size()]) +
           "," + std::string(parts[choice[first + 1] % parts.size()]) + "]}";
  };
  const bool normalizes = choice[3] % kNormalizers.size() != 0 && choice[4] % kNormalizers.size() != 0;
  return "{\"added_tokens\":[" + added +
         "],\"normalizer\":" + (normalizes ? sequence(kNormalizers, "normalizers", 3) : "null") +
         ",\"pre_tokenizer\":" + sequence(kPretokenizers, "pretokenizers", 5) +
         ",\"decoder\":" + std::string(kDecoders[choice[7] % kDecoders.size()]) + ",\"model\":{" + std::string(model) +
         ",\"vocab\":" + (scored ? "[" : "{") + vocab + (scored ? "]" : "}") + "}}";
}

}  // namespace quern::fuzz
