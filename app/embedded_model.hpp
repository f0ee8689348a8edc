// The model inside the binary: stories260K, a llama of 260 thousand parameters that tells children's stories. It lets
// everything be tried before anything is downloaded.
// Threads: constant data. Source: karpathy/tinyllamas (MIT licence), converted to GGUF.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace quern::app {

inline constexpr std::string_view kEmbeddedModelName = "stories260K";

std::span<const std::byte> embedded_model() noexcept;  // a GGUF file, 64-byte aligned

}  // namespace quern::app
