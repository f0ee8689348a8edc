#include "engine/sampling/portable_math.hpp"

#include <bit>
#include <cstdint>
#include <limits>

namespace quern::engine::sampling {
namespace {

// ln 2 in two parts: the first has trailing zero bits, so that its product with a small integer is exact.
constexpr float kLn2HighF = 0.693145751953125f;  // 15 bits
constexpr float kLn2LowF = 1.42860682030941723212e-6f;
constexpr double kLn2High = 6.93147180369123816490e-01;  // 32 bits
constexpr double kLn2Low = 1.90821492927058770002e-10;
constexpr double kLog2E = 1.44269504088896338700;

// Adding and subtracting 1.5 * 2^23 rounds a small float to the nearest integer without a conversion or a branch.
constexpr float kRoundF = 12582912.0f;

// exp(x) for x in [-87, 88], else 0 below. Taylor series on |r| <= ln2 / 2: the first term left out, r^8 / 8!, is 5e-9.
inline float exp_one(float x) noexcept {
  const float clamped = x > -87.0f ? x : -87.0f;
  const float shifted = clamped * static_cast<float>(kLog2E) + kRoundF;
  const float n = shifted - kRoundF;
  const float r = (clamped - n * kLn2HighF) - n * kLn2LowF;
  float p = 1.0f / 5040.0f;
  p = p * r + 1.0f / 720.0f;
  p = p * r + 1.0f / 120.0f;
  p = p * r + 1.0f / 24.0f;
  p = p * r + 1.0f / 6.0f;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  // The low bits of `shifted` are n; moved into the exponent field they multiply p by 2^n.
  const std::uint32_t scale = std::bit_cast<std::uint32_t>(shifted) << 23;
  const float scaled = std::bit_cast<float>(std::bit_cast<std::uint32_t>(p) + scale);
  return x > -87.0f ? scaled : 0.0f;
}

}  // namespace

void exp_shifted(const float* x, float shift, std::size_t n, float* out) noexcept {
  for (std::size_t i = 0; i < n; ++i) out[i] = exp_one(x[i] - shift);
}

double portable_exp(double x) noexcept {
  if (x < -708.0) return 0.0;
  if (x > 709.0) return std::numeric_limits<double>::max();
  const auto n = static_cast<std::int64_t>(x * kLog2E + (x < 0 ? -0.5 : 0.5));
  const double r = (x - static_cast<double>(n) * kLn2High) - static_cast<double>(n) * kLn2Low;
  double sum = 1.0;
  for (int k = 14; k >= 1; --k) sum = sum * r / k + 1.0;  // r^15 / 15! < 1e-19
  // sum is in [0.70, 1.42]; two steps because 2^n alone may be outside the normal range
  const auto power = [](std::int64_t e) { return std::bit_cast<double>(static_cast<std::uint64_t>(e + 1023) << 52); };
  return sum * power(n / 2) * power(n - n / 2);
}

double portable_log(double x) noexcept {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  auto exponent = static_cast<std::int64_t>(bits >> 52) - 1023;
  double m = std::bit_cast<double>((bits & 0x000fffffffffffffULL) | 0x3ff0000000000000ULL);  // [1, 2)
  if (m > 1.41421356237309504880) {
    m *= 0.5;
    ++exponent;
  }
  // log m = 2 atanh(s) = 2 (s + s^3/3 + s^5/5 + ...), |s| <= 0.1716: the term s^23 / 23 is 1e-19
  const double s = (m - 1.0) / (m + 1.0);
  const double s2 = s * s;
  double sum = 0.0;
  for (int k = 23; k >= 3; k -= 2) sum = (sum + 1.0 / k) * s2;
  const auto e = static_cast<double>(exponent);
  return e * kLn2High + (2.0 * s + (2.0 * s * sum + e * kLn2Low));
}

double portable_pow(double base, double exponent) noexcept {
  if (exponent == 0.0) return 1.0;
  if (base < std::numeric_limits<double>::min()) return 0.0;
  return portable_exp(exponent * portable_log(base));
}

}  // namespace quern::engine::sampling
