// exp, log and pow that give the same bits on every machine: plain additions, multiplications and divisions in a fixed
// order, compiled without fused multiply-add. The C library's versions differ between CPUs (it picks an FMA variant at
// run time), and one different bit may draw a different token.
// Threads: pure functions. Limits: no NaN may go in unless said; results below the smallest normal float are 0.
#pragma once

#include <cstddef>

namespace quern::engine::sampling {

// exp(x - shift) of n floats; x may be -infinity (gives 0), shift is finite and x - shift <= 88. At most 2 ulp off for
// the difference as rounded to float. out may be x. The loop has no branches: compilers vectorize it.
void exp_shifted(const float* x, float shift, std::size_t n, float* out) noexcept;

// Within 2 ulp. exp: x in [-708, 709]; smaller gives 0, larger 1.7e308. log: x is positive and normal.
double portable_exp(double x) noexcept;
double portable_log(double x) noexcept;
// base > 0; relative error below 1e-12 where the result fits into a float. pow(0, y) is 0 for y > 0 and 1 for y == 0.
double portable_pow(double base, double exponent) noexcept;

}  // namespace quern::engine::sampling
