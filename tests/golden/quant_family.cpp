// quant/: one small llama model in each tensor type (logits_exact: the same weights dequantized to F32), and raw blocks
// with their decoded values.
#include "kernels/quant/tensor_type.hpp"
#include "tests/golden/dequant_check.hpp"
#include "tests/golden/family.hpp"
#include "tests/golden/model_cases.hpp"
#include "tests/support/golden_json.hpp"

namespace quern::golden {

namespace {

// Does this tier round weights and activations to bf16 where it may? The form takes two bytes for each value.
bool rounds_to_bf16() {
  const auto& by_type = tier_under_test().matmul[static_cast<std::size_t>(kernels::Role::prefill_coarse)];
  return by_type[static_cast<std::size_t>(kernels::TensorType::f16)].prepared_row_bytes(1024) < 1024 * sizeof(float);
}

FileResult run_file(const std::filesystem::path& path) {
  const std::string stem = path.stem().string();
  if (stem.starts_with("dequant_")) return check_dequant_file(path);
  const boost::json::value json = test::read_json(path);
  const Tolerance tolerance{
      // Dequantized weights with F32 activations: F32 sums of 512 terms cost less than 1e-12, integers of 14 bits 1e-8.
      // A product of bf16 costs 3e-6, and some ten follow each other.
      .f32_nmse = rounds_to_bf16() ? 1e-4 : 1e-6,
      .f16_nmse = 1e-4,
      .f32_greedy_margin = rounds_to_bf16() ? 0.05 : 0.0,
      .logits_key = "logits_exact",
      .greedy_key = "greedy_exact",
      .margin_key = "greedy_exact_margin",
  };
  return run_model_cases("quant/" + stem, std::filesystem::path(path).replace_extension(".gguf"), json.as_object(),
                         tolerance);
}

void run(const Options& options, const std::function<void(const FileResult&)>& report) {
  for (const auto& path : files_of(options, "quant", ".json")) {
    try {
      report(run_file(path));
    } catch (const std::exception& e) {
      report({.file = "quant/" + path.stem().string(), .passed = false, .message = e.what()});
    }
  }
}

}  // namespace

const Family kQuantFamily{"quant", &run};

}  // namespace quern::golden
