// Made-up but valid vocabularies of the real sizes, with the real special tokens where speed or chat depends on them.
// Threads: pure functions.
#pragma once

#include "app/synth/shapes.hpp"
#include "engine/gguf/header_builder.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace quern::app {

struct Vocabulary {
  std::string model;                     // tokenizer.ggml.model
  std::string pre;                       // tokenizer.ggml.pre
  std::vector<std::string> tokens = {};  // [n_vocab]
  std::vector<std::int32_t> types = {};  // [n_vocab] values of engine::TokenKind
  std::vector<float> scores = {};        // [n_vocab], or empty (BPE)
  std::vector<std::string> merges = {};  // "left right", or empty (SPM)
  std::uint32_t bos = 0, eos = 0, pad = 0;
  std::uint32_t unknown = UINT32_MAX;  // UINT32_MAX: none
  bool add_bos = false;
  std::string chat_template = {};
};

// REQUIRES: shape.n_vocab has room for the special tokens and single bytes (512 is enough).
Vocabulary make_vocabulary(const Shape& shape);

// All tokenizer.* keys.
void put_vocabulary(const Vocabulary& vocabulary, engine::gguf::HeaderBuilder& header);

}  // namespace quern::app
