// Compares a model's logits and greedy tokens with a golden JSON's sequences, several ways of running each.
#pragma once

#include "tests/golden/family.hpp"
#include "tests/support/model_runner.hpp"

#include <filesystem>
#include <string>

#include <boost/json.hpp>

namespace quern::golden {

struct Tolerance {
  double f32_nmse = 1e-8;           // F32 KV, whole prompt at once and in chunks
  double f16_nmse = 1e-4;           // F16 KV
  double f32_greedy_margin = 0.0;   // with F32 KV greedy tokens are compared up to the first step below this margin
  double f16_greedy_margin = 0.05;  // with F16 KV greedy tokens are compared up to the first step below this margin
  double f16_mixture_margin = 0.2;  // the same for mixtures of experts, where another expert moves logits by 0.05
  const char* logits_key = "logits";
  const char* greedy_key = "greedy";
  const char* margin_key = "greedy_margin";
};

// How weights are loaded: the automatic choices, unless the command line says otherwise.
engine::WeightOptions& weights_under_test();
// Whether some products have activations of 8 bits.
bool rounds_to_bytes();

// What those may cost where a file does not say what they cost its reference.
inline constexpr double kByteNmse = 1e-3;

// Of the tier under test, for weights in blocks against the same weights dequantized to F32.
Tolerance quantized_tolerance();

// The tier that QUERN_FORCE_ISA names (also "avx512-emulated"), else the best one. Throws where it cannot run.
const kernels::KernelTable& tier_under_test();

// Runs every sequence of `golden` on the model: one shot, split at `split_at` where given, and with an F16 cache.
// Throws std::runtime_error on malformed data.
FileResult run_model_cases(const std::string& file, const std::filesystem::path& gguf,
                           const boost::json::object& golden, const Tolerance& tolerance);

// The same for models that embed: `embeddings` by pooling and `token_embeddings`; each sequence alone and all together.
FileResult run_embedding_cases(const std::string& file, const std::filesystem::path& gguf,
                               const boost::json::object& golden, const Tolerance& tolerance);

}  // namespace quern::golden
