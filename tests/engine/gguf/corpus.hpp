// Hand-made GGUF files with one defect each, and what the reader must say about them. The same files, plus some sound
// ones, seed the fuzzer (fuzz/corpus/gguf, written by make_gguf_corpus).
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace quern::test {

struct CorruptGguf {
  std::string name;  // of the file in the corpus, without ".gguf"
  std::vector<std::byte> bytes;
  Errc code;
  std::vector<std::string> mentions;  // the item, what was expected, what was found
};
std::vector<CorruptGguf> corrupt_ggufs();

struct SoundGguf {
  std::string name;
  std::vector<std::byte> bytes;
};
std::vector<SoundGguf> sound_ggufs();

}  // namespace quern::test
