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

// The reference evaluates GELU through an F16 table, which costs it up to 1e-7 against itself.
bool uses_gelu(std::string_view architecture) {
  static constexpr std::array<std::string_view, 12> kGelu{"gemma",  "gemma2",     "gemma3",       "gemma-embedding",
                                                          "phi2",   "starcoder2", "gpt2",         "gptneox",
                                                          "falcon", "bert",       "jina-bert-v2", "modern-bert"};
  for (const std::string_view name : kGelu) {
    if (name == architecture) return true;
  }
  return false;
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
  if (uses_gelu(architecture)) tolerance.f32_nmse = 1e-6;
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
