// What a file holds beyond what its architecture read. A key or tensor that nobody asked for may change what the model
// computes, so each must be on a short list of harmless ones, or the file is refused by its name.
// Threads: any. Errors: unsupported, naming the key or tensor, what was found and what would be accepted.
// Source: the key and tensor names of llama.cpp's converter (gguf-py constants) and of Ollama's.
#pragma once

#include "base/result.hpp"
#include "engine/arch/arch_spec.hpp"

#include <string_view>

namespace quern::engine {

// Every "<arch>.*" key that `keys` was not asked for.
Status refuse_leftover_keys(const KeyReader& keys, const ArchSpec& arch, const HyperParams& params);

// A tensor that no computation of text needs: another part of the model, or what follows from the keys.
bool is_foreign_tensor(std::string_view name, const HyperParams& params) noexcept;

}  // namespace quern::engine
