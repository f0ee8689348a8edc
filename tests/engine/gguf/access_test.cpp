// Typed access to metadata (engine/gguf/access.cpp, convert.cpp).
#include "engine/gguf/reader.hpp"
#include "tests/support/gguf_builder.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace quern::engine::gguf {
namespace {

using test::ByteWriter;
using test::GgufBuilder;

class GgufAccess : public testing::Test {
 protected:
  void SetUp() override {
    const auto inf = std::numeric_limits<float>::infinity();
    bytes_ = GgufBuilder()
                 .raw_key("u8", 0, ByteWriter().number<std::uint8_t>(200).bytes())
                 .raw_key("i8", 1, ByteWriter().number<std::int8_t>(-100).bytes())
                 .raw_key("u16", 2, ByteWriter().number<std::uint16_t>(60000).bytes())
                 .raw_key("i16", 3, ByteWriter().number<std::int16_t>(-30000).bytes())
                 .key("u32", 4000000000u)
                 .key("i32", -5)
                 .key("u64", UINT64_MAX)
                 .key("i64", std::int64_t{7})
                 .key("f32", 0.25f)
                 .key("f64", 1e300)
                 .key("nan", std::nanf(""))
                 .key("yes", true)
                 .key("text", "hello")
                 .key("words", std::vector<std::string>{"a", "b"})
                 .key("floats", std::vector<float>{1.5f, -inf})
                 .key("bad_floats", std::vector<float>{1.5f, std::nanf("")})
                 .key("ints", std::vector<std::int32_t>{-1, 2})
                 .raw_key("bytes", 9, ByteWriter().number(0u).number<std::uint64_t>(3).raw("\x01\x02\xFF").bytes())
                 .raw_key("big", 9, ByteWriter().number(10u).number<std::uint64_t>(1).number(UINT64_MAX).bytes())
                 .build();
    file_ = GgufFile::parse(bytes_, "m").value();
  }
  std::vector<std::byte> bytes_;
  std::unique_ptr<GgufFile> file_;
};

TEST_F(GgufAccess, IntegersOfEveryWidth) {
  EXPECT_EQ(file_->get_uint("u8").value(), 200u);
  EXPECT_EQ(file_->get_uint("u16").value(), 60000u);
  EXPECT_EQ(file_->get_uint("u32").value(), 4000000000u);
  EXPECT_EQ(file_->get_uint("u64").value(), UINT64_MAX);
  EXPECT_EQ(file_->get_uint("i64").value(), 7u);
  EXPECT_EQ(file_->get_int("i8").value(), -100);
  EXPECT_EQ(file_->get_int("i16").value(), -30000);
  EXPECT_EQ(file_->get_int("i32").value(), -5);
  EXPECT_EQ(file_->get_int("u32").value(), 4000000000);
}

TEST_F(GgufAccess, NumbersTextAndFlags) {
  EXPECT_EQ(file_->get_float("f32").value(), 0.25);
  EXPECT_EQ(file_->get_float("f64").value(), 1e300);
  EXPECT_EQ(file_->get_float("i32").value(), -5.0);
  EXPECT_EQ(file_->get_float("u8").value(), 200.0);
  EXPECT_TRUE(file_->get_bool("yes").value());
  EXPECT_EQ(file_->get_string("text").value(), "hello");
}

TEST_F(GgufAccess, Arrays) {
  EXPECT_EQ(file_->get_array("words", ValueType::string).value()->count, 2u);
  EXPECT_EQ(file_->get_int_array("ints").value(), (std::vector<std::int64_t>{-1, 2}));
  EXPECT_EQ(file_->get_int_array("bytes").value(), (std::vector<std::int64_t>{1, 2, 255}));
  EXPECT_EQ(file_->get_float_array("floats").value()[1], -std::numeric_limits<float>::infinity());
  EXPECT_EQ(file_->get_float_array("ints").value(), (std::vector<float>{-1, 2}));
}

TEST_F(GgufAccess, ErrorsNameKeyWantedAndFound) {
  const auto expect = [](const auto& result, const char* detail) {
    ASSERT_FALSE(result.has_value()) << detail;
    EXPECT_EQ(result.error().code, Errc::corrupt);
    EXPECT_EQ(result.error().detail, detail);
    EXPECT_FALSE(result.error().field.empty());
  };
  expect(file_->get_uint("i32"), "key \"i32\": want an unsigned integer, found -5");
  expect(file_->get_uint("text"), "key \"text\": want an unsigned integer, found string");
  expect(file_->get_uint("f32"), "key \"f32\": want an unsigned integer, found f32");
  expect(file_->get_uint("yes"), "key \"yes\": want an unsigned integer, found bool");
  expect(file_->get_int("u64"), "key \"u64\": want at most 9223372036854775807, found 18446744073709551615");
  expect(file_->get_float("nan"), "key \"nan\": want a finite number, found nan");
  expect(file_->get_float("words"), "key \"words\": want a number, found array of string");
  expect(file_->get_bool("u8"), "key \"u8\": want bool, found u8");
  expect(file_->get_string("u8"), "key \"u8\": want string, found u8");
  expect(file_->get_array("words", ValueType::f32), "key \"words\": want array of f32, found array of string");
  expect(file_->get_int_array("floats"), "key \"floats\": want an array of integers, found array of f32");
  expect(file_->get_int_array("big"), "key \"big\": want at most 9223372036854775807, found 18446744073709551615");
  expect(file_->get_float_array("bad_floats"), "key \"bad_floats\": want numbers, found nan at index 1");
  expect(file_->get_float_array("text"), "key \"text\": want an array of numbers, found string");
}

TEST_F(GgufAccess, MissingKeysAreNotFoundOrTheFallback) {
  EXPECT_EQ(file_->get_uint("none").error().code, Errc::not_found);
  EXPECT_EQ(file_->get_array("none", ValueType::f32).error().code, Errc::not_found);
  EXPECT_EQ(file_->get_uint("none").error().detail, "key \"none\": want an unsigned integer, found no such key");
  EXPECT_EQ(file_->get_uint_or("none", 3).value(), 3u);
  EXPECT_EQ(file_->get_float_or("none", 0.5).value(), 0.5);
  EXPECT_TRUE(file_->get_bool_or("none", true).value());
  EXPECT_EQ(file_->get_string_or("none", "x").value(), "x");
}

TEST_F(GgufAccess, FallbackDoesNotHideAWrongType) {
  EXPECT_FALSE(file_->get_uint_or("text", 3).has_value());
  EXPECT_FALSE(file_->get_float_or("text", 3).has_value());
  EXPECT_FALSE(file_->get_bool_or("u8", true).has_value());
  EXPECT_FALSE(file_->get_string_or("u8", "x").has_value());
}

}  // namespace
}  // namespace quern::engine::gguf
