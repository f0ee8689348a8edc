// arch/: tiny models of every architecture, nearly all stored in F32, with logits of the reference.
#include "engine/gguf/reader.hpp"
#include "tests/golden/family.hpp"
#include "tests/golden/model_cases.hpp"
#include "tests/support/golden_json.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace quern::golden {

namespace {

// The reference evaluates GELU through an F16 table, which costs it up to 3e-7 against itself, and Gemma 4 up to 1e-6.
double float_limit(std::string_view architecture, double fallback) {
  static constexpr std::array<std::string_view, 20> kGelu{
      "gemma", "gemma2",    "gemma3",       "gemma3n",    "gemma-embedding", "phi2",  "starcoder", "starcoder2",
      "gpt2",  "gptneox",   "falcon",       "bert",       "jina-bert-v2",    "bloom", "mpt",       "grok",
      "t5",    "t5encoder", "jina-bert-v3", "modern-bert"};
  if (architecture == "gemma4") return 5e-6;
  return std::find(kGelu.begin(), kGelu.end(), architecture) != kGelu.end() ? 1e-6 : fallback;
}

bool is_quantized(const std::filesystem::path& gguf) {
  const auto file = engine::gguf::GgufFile::open(gguf).value();
  return std::any_of(file->tensors().begin(), file->tensors().end(), [](const engine::gguf::Tensor& tensor) {
    return kernels::format_of(tensor.type).block_values > 1;
  });
}

FileResult run_file(const std::filesystem::path& path) {
  const std::string file = "arch/" + path.stem().string();
  const boost::json::value json = test::read_json(path);
  const boost::json::object& golden = json.as_object();
  const std::string_view architecture = golden.at("architecture").as_string();
  const std::filesystem::path gguf = std::filesystem::path(path).replace_extension(".gguf");
  Tolerance tolerance;
  if (is_quantized(gguf)) tolerance = quantized_tolerance();
  tolerance.f32_nmse = float_limit(architecture, tolerance.f32_nmse);
  const boost::json::array& sequences = golden.at("sequences").as_array();
  if (!sequences.empty() && sequences.front().as_object().contains("embeddings")) {
    return run_embedding_cases(file, gguf, golden, tolerance);
  }
  return run_model_cases(file, gguf, golden, tolerance);
}

void run(const Options& options, const std::function<void(const FileResult&)>& report) {
  for (const auto& path : files_of(options, "arch", ".json")) {
    try {
      report(run_file(path));
    } catch (const std::exception& e) {
      report({.file = "arch/" + path.stem().string(), .passed = false, .message = e.what()});
    }
  }
}

}  // namespace

const Family kArchFamily{"arch", &run};

}  // namespace quern::golden
