// make_gguf_corpus DIR: writes the hand-made GGUF files that seed the fuzzer and are replayed in ctest.
#include "tests/engine/gguf/corpus.hpp"
#include "tests/support/gguf_builder.hpp"

#include <cstdio>
#include <filesystem>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: make_gguf_corpus DIR\n", stderr);
    return 2;
  }
  const std::filesystem::path folder = argv[1];
  std::filesystem::create_directories(folder);
  int n_files = 0;
  for (const quern::test::CorruptGguf& item : quern::test::corrupt_ggufs()) {
    quern::test::write_file(folder / (item.name + ".gguf"), item.bytes);
    ++n_files;
  }
  for (const quern::test::SoundGguf& item : quern::test::sound_ggufs()) {
    quern::test::write_file(folder / (item.name + ".gguf"), item.bytes);
    ++n_files;
  }
  std::printf("%d files\n", n_files);
  return 0;
}
