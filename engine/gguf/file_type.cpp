#include "engine/gguf/file_type.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

namespace quern::engine::gguf {
namespace {

struct FileTypeName {
  std::uint64_t id;
  const char* name;
};
// Source: llama.h, enum llama_ftype.
constexpr FileTypeName kFileTypes[] = {
    {0, "f32"},     {1, "f16"},     {2, "q4_0"},     {3, "q4_1"},    {7, "q8_0"},     {8, "q5_0"},
    {9, "q5_1"},    {10, "q2_k"},   {11, "q3_k_s"},  {12, "q3_k_m"}, {13, "q3_k_l"},  {14, "q4_k_s"},
    {15, "q4_k_m"}, {16, "q5_k_s"}, {17, "q5_k_m"},  {18, "q6_k"},   {19, "iq2_xxs"}, {20, "iq2_xs"},
    {21, "q2_k_s"}, {22, "iq3_xs"}, {23, "iq3_xxs"}, {24, "iq1_s"},  {25, "iq4_nl"},  {26, "iq3_s"},
    {27, "iq3_m"},  {28, "iq2_s"},  {29, "iq2_m"},   {30, "iq4_xs"}, {31, "iq1_m"},   {32, "bf16"},
    {36, "tq1_0"},  {37, "tq2_0"},  {38, "mxfp4"},   {39, "nvfp4"},  {40, "q1_0"},    {41, "q2_0"},
};
// What publishers call mixes of their own.
constexpr std::string_view kOthers[] = {"q2_k_l", "q2_k_xl", "q3_k",    "q3_k_xl", "q4_k",
                                        "q4_k_l", "q4_k_xl", "q5_k",    "q5_k_l",  "q5_k_xl",
                                        "q6_k_l", "q6_k_xl", "q8_k_xl", "q8_0_l",  "mxfp4_moe"};

}  // namespace

std::string file_type_name(std::uint64_t id) {
  for (const FileTypeName& row : kFileTypes) {
    if (row.id == id) return row.name;
  }
  return fmt::format("{} (unknown)", id);
}

bool is_file_type_name(std::string_view name) {
  std::string small(name);
  for (char& c : small) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return std::ranges::any_of(kFileTypes, [&](const FileTypeName& row) { return small == row.name; }) ||
         std::ranges::find(kOthers, small) != std::end(kOthers);
}

}  // namespace quern::engine::gguf
