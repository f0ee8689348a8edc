// Any bytes as a GGUF file: parsed or refused, never read past their end.
#include "engine/gguf/reader.hpp"
#include "tests/support/gguf_touch.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A copy of exactly this size, aligned as a mapped file is: one byte too far is seen.
  const std::unique_ptr<std::byte[]> copy(new std::byte[size]);
  std::copy_n(reinterpret_cast<const std::byte*>(data), size, copy.get());
  const auto file = quern::engine::gguf::GgufFile::parse({copy.get(), size}, "fuzz");
  if (file) quern::test::touch_everything(**file);
  return 0;
}
