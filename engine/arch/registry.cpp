// The list of supported architectures: one row each.
#include "engine/arch/arch_spec.hpp"

#include <array>

namespace quern::engine {

extern const ArchSpec kLlama;

namespace {
constexpr std::array<const ArchSpec*, 1> kArchitectures{&kLlama};
}  // namespace

std::span<const ArchSpec* const> architectures() noexcept {
  return kArchitectures;
}

const ArchSpec* find_architecture(std::string_view gguf_arch) noexcept {
  for (const ArchSpec* arch : kArchitectures) {
    if (gguf_arch == arch->gguf_arch) return arch;
  }
  return nullptr;
}

}  // namespace quern::engine
