// quant/: one small llama model in each tensor type (logits_exact: the same weights dequantized to F32), and raw blocks
// with their decoded values.
#include "tests/golden/dequant_check.hpp"
#include "tests/golden/family.hpp"
#include "tests/golden/model_cases.hpp"
#include "tests/support/golden_json.hpp"

#include <algorithm>

namespace quern::golden {

namespace {

FileResult run_file(const std::filesystem::path& path) {
  const std::string stem = path.stem().string();
  if (stem.starts_with("dequant_")) return check_dequant_file(path);
  const boost::json::value json = test::read_json(path);
  Tolerance tolerance = quantized_tolerance();
  if (rounds_to_bytes()) {
    // Half of what the reference's own arithmetic costs.
    const double reference = json.at("nmse_reference_vs_exact").to_number<double>();
    tolerance.f32_nmse = tolerance.f16_nmse = std::max(0.5 * reference, 1e-4);
  }
  tolerance.logits_key = "logits_exact";
  tolerance.greedy_key = "greedy_exact";
  tolerance.margin_key = "greedy_exact_margin";
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
