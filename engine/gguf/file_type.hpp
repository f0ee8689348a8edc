// general.file_type: which mix of tensor types a file was made with. Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace quern::engine::gguf {

// "q4_k_m"; "15 (unknown)" for one that has no name here.
std::string file_type_name(std::uint64_t id);
// Whether a text, in any case, is the name of one, or of a mix that publishers made up: "Q4_K_M", "Q4_K_XL".
bool is_file_type_name(std::string_view name);

}  // namespace quern::engine::gguf
