#include "base/result.hpp"

#include <memory>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

namespace quern {
namespace {

Result<int> parse_digit(char c) {
  if (c < '0' || c > '9') return fail(Errc::bad_input, "want a digit, found '{}'", c);
  return c - '0';
}

Result<int> sum(const char* text) {
  QUERN_TRY(const int first, parse_digit(text[0]));
  QUERN_TRY(const int second, parse_digit(text[1]));  // two in one scope: the temporaries have different names
  return first + second;
}

Status check_even(int value) {
  if (value % 2 != 0) return fail_field("value", "must be even, found {}", value);
  return {};
}

Result<std::string> even_name(int value) {
  QUERN_CHECK(check_even(value));
  return std::string("even");
}

TEST(Result, TryUnwrapsOrReturnsTheError) {
  EXPECT_EQ(sum("42").value(), 6);
  const Result<int> bad = sum("4x");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, Errc::bad_input);
  EXPECT_EQ(bad.error().detail, "want a digit, found 'x'");
}

TEST(Result, TryMovesValuesThatCannotBeCopied) {
  const auto make = []() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(7); };
  const auto use = [&]() -> Result<int> {
    QUERN_TRY(const std::unique_ptr<int> p, make());
    return *p;
  };
  EXPECT_EQ(use().value(), 7);
}

TEST(Result, CheckPassesAStatusOnAcrossTypes) {
  EXPECT_EQ(even_name(4).value(), "even");
  const Result<std::string> odd = even_name(5);
  ASSERT_FALSE(odd);
  EXPECT_EQ(odd.error().field, "value");
  EXPECT_EQ(odd.error().detail, "value: must be even, found 5");
}

TEST(Result, ValueOfAnErrorThrowsWithItsDetail) {
  const Result<int> bad = fail(Errc::corrupt, "header: want 4 bytes, found 3");
  try {
    static_cast<void>(bad.value());
    FAIL() << "no exception";
  } catch (const std::runtime_error& e) {
    EXPECT_NE(std::string(e.what()).find("corrupt: header: want 4 bytes, found 3"), std::string::npos) << e.what();
  }
}

TEST(Result, EveryCodeHasAName) {
  for (const Errc code : {Errc::bad_input, Errc::not_found, Errc::unsupported, Errc::overloaded, Errc::draining,
                          Errc::cancelled, Errc::io, Errc::corrupt}) {
    EXPECT_STRNE(errc_name(code), "unknown");
  }
}

}  // namespace
}  // namespace quern
