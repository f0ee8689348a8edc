// A model whose files are given one by one, in their order, whatever they are called: blobs of a store are named by
// what they hold. Threads: any. Errors: those of GgufFile::open().
#pragma once

#include "engine/gguf/reader.hpp"

#include <memory>
#include <span>
#include <string>

namespace quern::engine::gguf {

Result<std::unique_ptr<GgufFile>> open_files(std::span<const std::string> paths, const ReaderLimits& limits = {});

}  // namespace quern::engine::gguf
