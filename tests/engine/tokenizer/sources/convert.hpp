// GGUF vocabularies written in the formats of other tokenizers, as the tools that publish them write them: the tests
// read them back and demand the same ids.
#pragma once

#include "engine/gguf/reader.hpp"

#include <string>

#include <boost/json.hpp>

namespace quern::test {

boost::json::object to_tokenizer_json(const engine::gguf::GgufFile& file);
boost::json::object to_tokenizer_config(const engine::gguf::GgufFile& file);
std::string to_sentencepiece(const engine::gguf::GgufFile& file);
std::string to_tiktoken(const engine::gguf::GgufFile& file);  // tokens of kind normal

}  // namespace quern::test
