#include "engine/chat/jinja/integers.hpp"

#include "tests/engine/chat/jinja/render.hpp"

#include <string>

// What is expected here was computed by Python 3.
namespace quern::engine::chat::jinja {
namespace {

TEST(JinjaIntegers, AreAnyThatFitTheLimit) {
  EXPECT_EQ(
      render("{{ 9223372036854775807 + 1 }} {{ -(-9223372036854775807 - 1) }} {{ (-9223372036854775808) // -1 }}"),
      "9223372036854775808 9223372036854775808 9223372036854775808");
  EXPECT_EQ(render("{{ 18446744073709551615 }} {{ 0xffffffffffffffffffff }} {{ 2 ** 100 }} {{ (-3) ** 41 }}"),
            "18446744073709551615 1208925819614629174706175 1267650600228229401496703205376 -36472996377170786403");
  EXPECT_EQ(render("{{ 99999999999999999999 * 99999999999999999999 }} {{ 2 ** 64 - 2 ** 64 }} {{ -(2 ** 70) % 7 }} "
                   "{{ -(2 ** 70) // 1000 }} {{ 2 ** 70 % -(2 ** 65 + 1) }}"),
            "9999999999999999999800000000000000000001 0 5 -1180591620717411304 -32");
  EXPECT_EQ(render("{{ (2 ** 200) // (2 ** 199) + 1 }}"), "3");  // small again
}

TEST(JinjaIntegers, CompareExactlyWithEveryNumber) {
  EXPECT_EQ(render("{{ 2 ** 64 == 18446744073709551616.0 }} {{ 2 ** 64 + 1 > 18446744073709551616.0 }} "
                   "{{ 10 ** 400 > 1e308 }} {{ 10 ** 400 < 1e400 }} {{ -(2 ** 64) < 0 }} {{ 2 ** 64 == true }}"),
            "True True True True True False");
  EXPECT_EQ(render("{{ {2 ** 64: 'a'}[18446744073709551616.0] }} {{ {1: 'x'}[true] }} {{ {1.0: 'y'}[1] }} "
                   "{{ [2 ** 65, 1, 2.5 * 2 ** 64]|sort }} {{ [2 ** 64, 2 ** 64]|unique|list }}"),
            "a x y [1, 36893488147419103232, 4.611686018427388e+19] [18446744073709551616]");
}

TEST(JinjaIntegers, MeetFloats) {
  EXPECT_EQ(render("{{ 2 ** 64 + 0.5 }} {{ 2 ** 64 / 3 }} {{ 9007199254740993 / 1 }} {{ (10 ** 400) / (10 ** 399) }} "
                   "{{ 2 ** 64 * true }} {{ (2 ** 64)|float }}"),
            "1.8446744073709552e+19 6.148914691236517e+18 9007199254740992.0 10.0 18446744073709551616 "
            "1.8446744073709552e+19");
  EXPECT_EQ(failure_of("{{ (10 ** 400) / 3 }}").kind, FailureKind::type);
  EXPECT_EQ(failure_of("{{ 10 ** 400 * 1.0 }}").message, "the integer is too large for a float");
}

TEST(JinjaIntegers, GoThroughFiltersAndFormats) {
  EXPECT_EQ(render("{{ '123456789012345678901234567890'|int }} {{ 1e30|int }} {{ (-(2 ** 70))|abs }} "
                   "{{ [2 ** 63, 2 ** 63]|sum }} {{ (2 ** 70)|round(-20) }} {{ (2 ** 70)|round }}"),
            "123456789012345678901234567890 1000000000000000019884624838656 1180591620717411303424 "
            "18446744073709551616 1200000000000000000000 1180591620717411303424");
  EXPECT_EQ(render("{{ '%d|%x|%+d|%s' % (2 ** 70, 2 ** 70, 2 ** 70, 2 ** 70) }} {{ '{:,} {:d} {:#o}'.format(2 ** 70, 2 "
                   "** 70, 2 ** 70) }} {{ '%d' % 1e30 }} {{ (2 ** 70)|string|length }}"),
            "1180591620717411303424|400000000000000000|+1180591620717411303424|1180591620717411303424 "
            "1,180,591,620,717,411,303,424 1180591620717411303424 0o200000000000000000000000 "
            "1000000000000000019884624838656 22");
  EXPECT_EQ(render("{{ {'a': 2 ** 64, 2 ** 65: 1}|tojson }} {{ (2 ** 64) is integer }} {{ (2 ** 64) is number }} "
                   "{{ (2 ** 64) is even }} {{ (2 ** 64).bit_length() }}"),
            R"({"a": 18446744073709551616, "36893488147419103232": 1} True True True 65)");
}

TEST(JinjaIntegers, AsPlacesAreTheEnd) {
  EXPECT_EQ(render("{{ 'abc'[:2 ** 70] }}{{ 'abc'[2 ** 70:] }}{{ 'abc'[-(2 ** 70):2] }}{{ [1, 2][2 ** 70] is defined }}"
                   "{{ 'aXb'.find('X', 2 ** 70) }}"),
            "abcabFalse-1");
  EXPECT_EQ(failure_of("{{ [1][2 ** 70].x }}").message, "a list has no item 1180591620717411303424");
  EXPECT_EQ(failure_of("a\n{{ range(2 ** 70) }}").line, 2u);
  EXPECT_EQ(failure_of("{{ range(2 ** 70) }}").message, "range(): 'start' is an integer of more than 64 bits");
}

TEST(JinjaIntegers, OfOtherScripts) {
  EXPECT_EQ(
      render("{{ '٣'|int }} {{ '१२३'|int }} {{ '𝟗'|int }} {{ '٣.٥'|float }} {{ '²'|int(-1) }} {{ '1__0'|int(-1) }} "
             "{{ '1_0'|int }} {{ '0x_1f'|int(0, 16) }} {{ '010'|int(-1, 0) }}"),
      "3 123 9 3.5 -1 -1 10 31 10");
}

TEST(JinjaIntegers, TheLimitIsNamed) {
  const Failure failure = failure_of("a\n{{ 10 ** 99999 }}");
  EXPECT_EQ(failure.kind, FailureKind::limit);
  EXPECT_EQ(failure.message, "an integer has more than 65536 bits");
  EXPECT_EQ(failure.line, 2u);
}

}  // namespace
}  // namespace quern::engine::chat::jinja
