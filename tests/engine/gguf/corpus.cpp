#include "tests/engine/gguf/corpus.hpp"

#include "tests/support/gguf_builder.hpp"

#include <utility>

namespace quern::test {
namespace {

using kernels::TensorType;
constexpr std::uint32_t kF32 = 0, kQ4K = 12;
constexpr std::uint64_t kHuge = std::uint64_t{1} << 62;

GgufBuilder with_name() {
  GgufBuilder builder;
  return builder.key("general.name", "x");
}

std::vector<std::byte> truncated(std::vector<std::byte> bytes, std::size_t n_cut) {
  bytes.resize(bytes.size() - n_cut);
  return bytes;
}

std::vector<CorruptGguf> bad_headers() {
  return {
      {"empty", {}, Errc::corrupt, {"magic", "want 4 bytes", "found 0"}},
      {"magic_wrong", GgufBuilder().magic("GGML").build(), Errc::corrupt, {"magic", "GGUF", "47 47 4d 4c"}},
      {"magic_swapped", GgufBuilder().magic("FUGG").build(), Errc::unsupported, {"little-endian", "big-endian"}},
      {"version_big_endian", GgufBuilder().version(0x03000000).build(), Errc::unsupported, {"big-endian", "version 3"}},
      {"version_1", GgufBuilder().version(1).build(), Errc::unsupported, {"version 2 or 3", "found 1"}},
      {"version_0", GgufBuilder().version(0).build(), Errc::unsupported, {"version 2 or 3", "found 0"}},
      {"version_4", GgufBuilder().version(4).build(), Errc::unsupported, {"version 2 or 3", "found 4"}},
      {"header_cut", truncated(GgufBuilder().build(), 4), Errc::corrupt, {"key count", "want 8 bytes", "found 4"}},
      {"key_count_huge", with_name().n_keys(UINT64_MAX).build(), Errc::corrupt, {"key count", "65536"}},
      {"key_count_too_large", with_name().n_keys(1000).build(), Errc::corrupt, {"key count", "want 1000", "room for"}},
      {"tensor_count_huge", with_name().n_tensors(kHuge).build(), Errc::corrupt, {"tensor count", "1048576"}},
      {"tensor_count_too_large",
       with_name().n_tensors(1000).build(),
       Errc::corrupt,
       {"tensor count", "want 1000", "room for 0"}},
  };
}

std::vector<CorruptGguf> bad_keys() {
  const std::byte two{2};
  const auto array = [](std::uint32_t element, std::uint64_t count) {
    return ByteWriter().number(element).number(count).raw(std::string(64, '\0')).bytes();
  };
  return {
      {"key_name_empty", GgufBuilder().key("", 1u).build(), Errc::corrupt, {"key number 0", "empty"}},
      {"key_twice", with_name().key("a", 1u).key("a", 2u).build(), Errc::corrupt, {"\"a\"", "once", "number 2"}},
      {"key_name_past_end",
       truncated(with_name().key(std::string(40, 'k'), 1u).build(), 30),
       Errc::corrupt,
       {"key number 1 (name)", "want 40 bytes", "found 18"}},
      {"value_past_end",
       GgufBuilder().raw_key("key", 10, {}).build(),
       Errc::corrupt,
       {"\"key\" (value)", "want 8 bytes", "found 0"}},
      {"key_name_too_long",
       GgufBuilder().key(std::string(70000, 'k'), 1u).build(),
       Errc::corrupt,
       {"key number 0", "65535", "70000"}},
      {"key_type_unknown",
       GgufBuilder().raw_key("k", 13, ByteWriter().number(1u).bytes()).build(),
       Errc::corrupt,
       {"\"k\" (type)", "0 to 12", "found 13"}},
      {"string_past_end",
       GgufBuilder().raw_key("k", 8, ByteWriter().number<std::uint64_t>(1000).bytes()).build(),
       Errc::corrupt,
       {"\"k\"", "want 1000 bytes", "found 0"}},
      {"string_length_huge",
       GgufBuilder().raw_key("k", 8, ByteWriter().number(UINT64_MAX).bytes()).build(),
       Errc::corrupt,
       {"\"k\"", "at most 67108864", "18446744073709551615"}},
      {"bool_of_two", GgufBuilder().raw_key("k", 7, {&two, 1}).build(), Errc::corrupt, {"\"k\"", "0 or 1", "found 2"}},
      {"array_of_arrays",
       GgufBuilder().raw_key("k", 9, array(9, 1)).build(),
       Errc::unsupported,
       {"\"k\"", "array of arrays"}},
      {"array_type_unknown",
       GgufBuilder().raw_key("k", 9, array(99, 1)).build(),
       Errc::corrupt,
       {"\"k\"", "0 to 12", "found 99"}},
      {"array_count_huge",
       GgufBuilder().raw_key("k", 9, array(4, UINT64_MAX)).build(),
       Errc::corrupt,
       {"\"k\" (array)", "at most 16777216", "18446744073709551615"}},
      {"array_past_end",
       GgufBuilder().raw_key("k", 9, array(10, 1000)).build(),
       Errc::corrupt,
       {"\"k\" (array)", "want 8000 bytes", "found 64"}},
      {"string_array_count_past_end",
       GgufBuilder().raw_key("k", 9, array(8, 1u << 24)).build(),
       Errc::corrupt,
       {"\"k\" (array)", "want 16777216 strings", "room for 8"}},
      {"string_array_item_past_end",
       GgufBuilder()
           .raw_key("k", 9, ByteWriter().number(8u).number<std::uint64_t>(1).number(kHuge >> 40).bytes())
           .build(),
       Errc::corrupt,
       {"\"k\" (array)", "want 4194304 bytes", "found 0"}},
      {"bool_array_of_two",
       GgufBuilder().raw_key("k", 9, ByteWriter().number(7u).number<std::uint64_t>(2).raw("\1\2").bytes()).build(),
       Errc::corrupt,
       {"\"k\"", "0 or 1", "found 2"}},
      {"alignment_zero",
       GgufBuilder().key("general.alignment", 0u).build(),
       Errc::corrupt,
       {"general.alignment", "power of two", "found 0"}},
      {"alignment_odd",
       GgufBuilder().key("general.alignment", 48u).build(),
       Errc::corrupt,
       {"general.alignment", "power of two", "found 48"}},
      {"alignment_huge",
       GgufBuilder().key("general.alignment", 1u << 31).build(),
       Errc::corrupt,
       {"general.alignment", "2097152", "found 2147483648"}},
      {"alignment_not_integer",
       GgufBuilder().key("general.alignment", "32").build(),
       Errc::corrupt,
       {"general.alignment", "unsigned integer", "found string"}},
      {"key_name_with_escape",
       GgufBuilder().raw_key("\x1b[2J\n", 13, {}).n_keys(1).build(),
       Errc::corrupt,
       {"key \"\\x1b[2J\\n\"", "found 13"}},
  };
}

std::vector<CorruptGguf> bad_tensors() {
  const auto one = [](const std::vector<std::uint64_t>& dims, std::uint32_t type, std::uint64_t offset) {
    return with_name().raw_tensor("w", dims, type, offset).raw_data(256);
  };
  return {
      {"tensor_name_empty",
       with_name().raw_tensor("", {4}, kF32, 0).raw_data(32).build(),
       Errc::corrupt,
       {"tensor number 0", "empty"}},
      {"tensor_twice",
       with_name().raw_tensor("w", {4}, kF32, 0).raw_tensor("w", {4}, kF32, 32).raw_data(64).build(),
       Errc::corrupt,
       {"\"w\"", "once", "number 1"}},
      {"tensor_no_dims",
       with_name().raw_tensor("w", {}, kF32, 0).raw_tensor("v", {4}, kF32, 0).raw_data(32).build(),
       Errc::corrupt,
       {"\"w\" (n_dims)", "1 to 4", "found 0"}},
      {"tensor_five_dims", one({1, 1, 1, 1, 1}, kF32, 0).build(), Errc::corrupt, {"(n_dims)", "1 to 4", "found 5"}},
      {"tensor_dims_claim_huge",
       with_name().raw_tensor("w", {4}, kF32, 0, UINT32_MAX).raw_data(32).build(),
       Errc::corrupt,
       {"(n_dims)", "found 4294967295"}},
      {"tensor_type_removed", one({32}, 4, 0).build(), Errc::unsupported, {"\"w\" (type)", "want", "found id 4"}},
      {"tensor_type_unknown", one({32}, 0xFFFFFFFF, 0).build(), Errc::unsupported, {"\"w\" (type)", "id 4294967295"}},
      {"tensor_row_not_whole_blocks",
       one({100}, kQ4K, 0).build(),
       Errc::corrupt,
       {"\"w\" (dims)", "multiple of 256", "found 100"}},
      {"tensor_product_overflow", one({kHuge, 8}, kF32, 0).build(), Errc::corrupt, {"\"w\" (dims)", "2^64"}},
      {"tensor_bytes_overflow", one({kHuge, 2}, kF32, 0).build(), Errc::corrupt, {"\"w\" (dims)", "2^63"}},
      {"tensor_zero_hides_overflow", one({kHuge, 8, 0}, kF32, 0).build(), Errc::corrupt, {"\"w\" (dims)", "2^64"}},
      {"tensor_offset_not_aligned",
       one({4}, kF32, 8).build(),
       Errc::corrupt,
       {"\"w\" (offset)", "multiple of 32", "found 8"}},
      {"tensor_past_end", one({65}, kF32, 0).build(), Errc::corrupt, {"\"w\" (data)", "want 260 bytes", "of 256"}},
      {"tensor_offset_past_end",
       one({4}, kF32, 1024).build(),
       Errc::corrupt,
       {"\"w\" (data)", "offset 1024", "of 256"}},
      {"tensor_offset_overflow",
       one({4}, kF32, UINT64_MAX - 31).build(),
       Errc::corrupt,
       {"\"w\" (data)", "offset 18446744073709551584"}},
      {"tensor_empty_past_end", one({0}, kF32, 1024).build(), Errc::corrupt, {"\"w\" (data)", "offset 1024", "of 256"}},
      {"tensors_same_bytes",
       with_name().raw_tensor("w", {4}, kF32, 0).raw_tensor("v", {4}, kF32, 0).raw_data(32).build(),
       Errc::corrupt,
       {"\"v\"", "\"w\"", "offset 0"}},
      {"tensors_overlap",
       with_name().raw_tensor("w", {9}, kF32, 32).raw_tensor("v", {9}, kF32, 0).raw_data(96).build(),
       Errc::corrupt,
       {"tensor \"w\"", "offset 32 inside tensor \"v\"", "0 to 36"}},
      {"data_cut",
       truncated(with_name().tensor("w", TensorType::f32, {8}).build(), 1),
       Errc::corrupt,
       {"\"w\" (data)", "want 32 bytes", "of 31"}},
      {"table_cut", truncated(with_name().raw_tensor("w", {4}, kF32, 0).build(), 20), Errc::corrupt, {"tensor"}},
  };
}

std::vector<CorruptGguf> bad_splits() {
  const auto split = [](std::uint32_t no, std::uint32_t count) {
    return GgufBuilder().key("split.count", count).key("split.no", no).key("split.tensors.count", 1u).build();
  };
  return {
      {"split_alone", split(0, 2), Errc::unsupported, {"split.count", "whole model", "found 2"}},
      {"split_number_past_count", split(2, 2), Errc::corrupt, {"split.no", "less than split.count 2", "found 2"}},
      {"split_count_huge", split(0, 4000000), Errc::corrupt, {"split.count", "at most 1024", "found 4000000"}},
      {"split_without_number",
       GgufBuilder().key("split.count", 2u).build(),
       Errc::corrupt,
       {"split.no", "no such key"}},
      {"split_count_negative",
       GgufBuilder().key("split.count", -1).build(),
       Errc::corrupt,
       {"split.count", "found -1"}},
  };
}

}  // namespace

std::vector<CorruptGguf> corrupt_ggufs() {
  std::vector<CorruptGguf> all;
  for (auto group : {bad_headers(), bad_keys(), bad_tensors(), bad_splits()}) {
    for (CorruptGguf& item : group) all.push_back(std::move(item));
  }
  return all;
}

std::vector<SoundGguf> sound_ggufs() {
  const std::vector<std::string> words{"", "a", "\xE2\x96\x81the", std::string("\0\x80", 2)};
  GgufBuilder every_type;
  every_type.key("string", "text").key("u32", 1u).key("i32", -1).key("f32", 0.5f).key("bool", true);
  every_type.key("u64", UINT64_MAX).key("i64", INT64_MIN).key("f64", 1e300).key("strings", words);
  every_type.key("floats", std::vector<float>{1, -2}).key("ints", std::vector<std::int32_t>{-1, 2});
  for (std::uint32_t id : {0u, 1u, 2u, 3u}) {
    every_type.raw_key("small" + std::to_string(id), id, ByteWriter().raw(id < 2 ? "\x81" : "\x81\x82").bytes());
  }
  GgufBuilder aligned;
  aligned.alignment(64).tensor("a", TensorType::f32, {3}).tensor("b", TensorType::q8_0, {32, 2, 1, 2});
  GgufBuilder gap;
  gap.raw_tensor("b", {8}, kF32, 96).raw_tensor("a", {8}, kF32, 0).raw_tensor("none", {4, 0}, kF32, 64).raw_data(128);
  return {
      {"sound_empty", GgufBuilder().build()},
      {"sound_every_value_type", every_type.build()},
      {"sound_aligned_tensors", aligned.build()},
      {"sound_version_2", with_name().version(2).tensor("w", TensorType::q4_k, {256, 2}).build()},
      {"sound_gap_order_and_empty", gap.build()},
  };
}

}  // namespace quern::test
