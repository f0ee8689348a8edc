// Golden block decoding: the stored bytes of two weight rows must decode to the stored bits.
#pragma once

#include "tests/golden/family.hpp"

#include <filesystem>

namespace quern::golden {

// json: raw_hex (blocks), values_f32_bits_hex (little-endian F32), type_id and the geometry of the type. A type without
// a decoder fails: a filter decides what a build is expected to know. Throws on a file of another shape.
FileResult check_dequant_file(const std::filesystem::path& json);

}  // namespace quern::golden
