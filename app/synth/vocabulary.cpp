#include "app/synth/vocabulary.hpp"

#include "app/synth/merge_list.hpp"
#include "base/assert.hpp"
#include "engine/tokenizer/tokenizer.hpp"

#include <algorithm>
#include <utility>

namespace quern::app {
namespace {

using engine::TokenKind;

constexpr const char* kChatMl =
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
constexpr const char* kLlama3Chat =
    "{{ bos_token }}{% for message in messages %}<|start_header_id|>{{ message['role'] }}<|end_header_id|>\n\n"
    "{{ message['content'] }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}";
constexpr const char* kInstChat =
    "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'assistant' %} {{ message['content'] }}"
    "{{ eos_token }}{% else %}[INST] {{ message['content'] }} [/INST]{% endif %}{% endfor %}";

void add(Vocabulary& v, std::string token, TokenKind kind) {
  v.tokens.push_back(std::move(token));
  v.types.push_back(static_cast<std::int32_t>(kind));
}

std::uint32_t next_id(const Vocabulary& v) {
  return static_cast<std::uint32_t>(v.tokens.size());
}

std::string utf8(std::uint32_t code) {  // below U+0800
  if (code < 0x80) return std::string(1, static_cast<char>(code));
  return {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 0x3F))};
}

// Unknown, BOS, EOS, a token for every byte, pieces in the order of their scores, then single characters.
Vocabulary make_spm(const Shape& shape) {
  constexpr std::string_view kSpace = "\xE2\x96\x81";  // U+2581
  Vocabulary v{.model = "llama", .pre = "default", .bos = 1, .eos = 2, .pad = 2, .unknown = 0, .add_bos = true};
  v.chat_template = kInstChat;
  add(v, "<unk>", TokenKind::unknown);
  add(v, "<s>", TokenKind::control);
  add(v, "</s>", TokenKind::control);
  for (int byte = 0; byte < 256; ++byte) add(v, fmt::format("<0x{:02X}>", byte), TokenKind::byte);
  std::vector<std::string> characters{std::string(kSpace)};
  for (char c = '!'; c <= '~'; ++c) characters.emplace_back(1, c);
  const std::size_t n_first_piece = v.tokens.size();
  QUERN_ASSERT(shape.n_vocab >= n_first_piece + characters.size());
  for (const Merge& merge : make_merges(kSpace, shape.n_vocab - n_first_piece - characters.size())) {
    add(v, merge.joined(), TokenKind::normal);
  }
  for (std::string& c : characters) add(v, std::move(c), TokenKind::normal);
  v.scores.resize(v.tokens.size());
  for (std::size_t i = n_first_piece; i < v.scores.size(); ++i) v.scores[i] = -static_cast<float>(i - n_first_piece);
  return v;
}

// The 256 characters that stand for bytes: printable Latin-1 characters for themselves, the rest from U+0100 on.
// Source: GPT-2's byte-level BPE (encoder.py, bytes_to_unicode).
std::vector<std::string> byte_characters() {
  const auto stands_for_itself = [](std::uint32_t byte) {
    return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
  };
  std::vector<std::string> out;
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    if (stands_for_itself(byte)) out.push_back(utf8(byte));
  }
  for (std::uint32_t byte = 0, next = 0x100; byte < 256; ++byte) {
    if (!stands_for_itself(byte)) out.push_back(utf8(next++));
  }
  return out;
}

// Bytes and merged pieces up to `n_end` tokens.
void add_bpe_pieces(Vocabulary& v, std::size_t n_end) {
  constexpr std::string_view kSpace = "\xC4\xA0";  // U+0120, the byte 0x20
  for (std::string& c : byte_characters()) add(v, std::move(c), TokenKind::normal);
  QUERN_ASSERT(n_end >= v.tokens.size());
  for (const Merge& merge : make_merges(kSpace, n_end - v.tokens.size())) {
    v.merges.push_back(merge.left + " " + merge.right);
    add(v, merge.joined(), TokenKind::normal);
  }
}

Vocabulary make_smol(const Shape& shape) {
  Vocabulary v{.model = "gpt2", .pre = "smollm", .bos = 1, .eos = 2, .pad = 2, .unknown = 0};
  v.chat_template = kChatMl;
  for (const char* name :
       {"<|endoftext|>", "<|im_start|>", "<|im_end|>", "<repo_name>", "<reponame>", "<file_sep>", "<filename>",
        "<gh_stars>", "<issue_start>", "<issue_comment>", "<issue_closed>", "<jupyter_start>", "<jupyter_text>",
        "<jupyter_code>", "<jupyter_output>", "<jupyter_script>", "<empty_output>"}) {
    add(v, name, TokenKind::control);
  }
  add_bpe_pieces(v, shape.n_vocab);
  return v;
}

Vocabulary make_qwen2(const Shape& shape) {
  constexpr std::uint32_t kPieces = 151643;  // what lies between the real model's special tokens and n_vocab is padding
  constexpr std::uint32_t kSpecials = 3;
  Vocabulary v{.model = "gpt2", .pre = "qwen2"};
  v.chat_template = kChatMl;
  add_bpe_pieces(v, std::min(kPieces, shape.n_vocab - kSpecials));
  v.bos = v.pad = next_id(v);
  add(v, "<|endoftext|>", TokenKind::control);
  add(v, "<|im_start|>", TokenKind::control);
  v.eos = next_id(v);
  add(v, "<|im_end|>", TokenKind::control);
  while (v.tokens.size() < shape.n_vocab) add(v, fmt::format("[PAD{}]", v.tokens.size()), TokenKind::unused);
  return v;
}

Vocabulary make_llama3(const Shape& shape) {
  constexpr std::uint32_t kSpecials = 256;
  Vocabulary v{.model = "gpt2", .pre = "llama-bpe", .add_bos = true};
  v.chat_template = kLlama3Chat;
  add_bpe_pieces(v, shape.n_vocab - kSpecials);
  const std::uint32_t first = next_id(v);
  const std::pair<std::uint32_t, const char*> kNamed[] = {
      {0, "<|begin_of_text|>"},   {1, "<|end_of_text|>"},   {4, "<|finetune_right_pad_id|>"},
      {6, "<|start_header_id|>"}, {7, "<|end_header_id|>"}, {8, "<|eom_id|>"},
      {9, "<|eot_id|>"},          {10, "<|python_tag|>"}};
  for (std::uint32_t i = 0, n_reserved = 0; i < kSpecials; ++i) {
    const auto* named = std::ranges::find(kNamed, i, &std::pair<std::uint32_t, const char*>::first);
    add(v, named != std::end(kNamed) ? named->second : fmt::format("<|reserved_special_token_{}|>", n_reserved++),
        TokenKind::control);
  }
  v.bos = first;
  v.eos = first + 9;
  v.pad = first + 4;
  return v;
}

}  // namespace

Vocabulary make_vocabulary(const Shape& shape) {
  Vocabulary v;
  switch (shape.vocabulary) {
    case VocabularyKind::spm:
      v = make_spm(shape);
      break;
    case VocabularyKind::bpe_smol:
      v = make_smol(shape);
      break;
    case VocabularyKind::bpe_qwen2:
      v = make_qwen2(shape);
      break;
    case VocabularyKind::bpe_llama3:
      v = make_llama3(shape);
      break;
  }
  QUERN_ASSERT(v.tokens.size() == shape.n_vocab);
  return v;
}

void put_vocabulary(const Vocabulary& v, engine::gguf::HeaderBuilder& header) {
  header.put("tokenizer.ggml.model", v.model);
  header.put("tokenizer.ggml.pre", v.pre);
  header.put_array("tokenizer.ggml.tokens", v.tokens);
  if (!v.scores.empty()) header.put_array("tokenizer.ggml.scores", v.scores);
  header.put_array("tokenizer.ggml.token_type", v.types);
  if (!v.merges.empty()) header.put_array("tokenizer.ggml.merges", v.merges);
  header.put("tokenizer.ggml.bos_token_id", v.bos);
  header.put("tokenizer.ggml.eos_token_id", v.eos);
  header.put("tokenizer.ggml.padding_token_id", v.pad);
  if (v.unknown != UINT32_MAX) header.put("tokenizer.ggml.unknown_token_id", v.unknown);
  header.put("tokenizer.ggml.add_bos_token", v.add_bos);
  header.put("tokenizer.ggml.add_eos_token", false);
  header.put("tokenizer.chat_template", v.chat_template);
}

}  // namespace quern::app
