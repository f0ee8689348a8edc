// The machine that a simulation pretends to have: what a step truly takes. Deterministic apart from noise that a seed
// gives.
#pragma once

#include "engine/context_cost.hpp"

#include <cmath>
#include <cstdint>
#include <functional>
#include <random>

namespace quern::test::sim {

struct Machine {
  // Seconds. The defaults are a 1.1B model on two Zen 3 cores: 30 tokens/s alone, 16 streams with 60, prompts with 90.
  double step_s = 0.018, decode_row_s = 0.0145, prompt_token_s = 0.011;
  double context_s = 0.011;  // of one token's work of attention, in a decode row
  engine::ContextCost context_cost;
  double noise = 0.03;                           // standard deviation of the logarithm of a step's time
  double late_part = 0;                          // steps that are late for a reason of their own,
  double late_factor = 5;                        // and by how much
  std::uint32_t row_step = 0;                    // rows cost in groups of so many, as tiles do; 0: evenly
  std::function<double(double now_s)> slowness;  // 1: as above; empty: always 1

  double slow(double now_s) const { return slowness ? slowness(now_s) : 1; }
  double decodes(std::uint32_t n_rows, double context, double now_s) const {
    const double rows = row_step > 0 ? std::ceil(static_cast<double>(n_rows) / row_step) * row_step : n_rows;
    return slow(now_s) * (step_s + decode_row_s * rows + context_s * context);
  }
  double prompts(double work, double now_s) const { return slow(now_s) * prompt_token_s * work; }
  // By which factor one step in a hundred is longer than it should be, apart from the late ones.
  double spread() const { return std::exp(2.33 * noise); }
};

class Noise {
 public:
  Noise(const Machine& machine, std::uint32_t seed) : machine_(machine), random_(seed) {}
  double next() {
    const double late =
        std::uniform_real_distribution<double>(0, 1)(random_) < machine_.late_part ? machine_.late_factor : 1;
    return late * std::exp(std::normal_distribution<double>(0, machine_.noise)(random_));
  }

 private:
  const Machine& machine_;
  std::mt19937 random_;
};

}  // namespace quern::test::sim
