// Throughput of text -> tokens, in bytes of text per second of one core, and the time to load a vocabulary.
// tokenizer_bench [FILE...]: any tokenizer file; default are the committed vocabularies. Text: mixed prose, code,
// numbers, scripts.
#include "engine/tokenizer/detokenizer.hpp"
#include "engine/tokenizer/tokenizer.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

namespace {

using namespace quern;
using engine::Tokenizer;

std::unique_ptr<Tokenizer> load(const std::string& path) {
  auto tokenizer = engine::load_tokenizer_file(path, nullptr);
  if (!tokenizer) {
    std::fprintf(stderr, "%s: %s\n", path.c_str(), tokenizer.error().detail.c_str());
    std::exit(1);
  }
  return std::move(*tokenizer);
}

// Words drawn with a Zipf-like bias from a list, so that repetition is that of real text, with rare and foreign ones.
std::string mixed_text(std::size_t n_bytes) {
  static const char* const kWords[] = {" the",
                                       " of",
                                       " and",
                                       " to",
                                       " in",
                                       " a",
                                       " is",
                                       " that",
                                       " for",
                                       " it",
                                       " was",
                                       " on",
                                       " with",
                                       " as",
                                       " be",
                                       " server",
                                       " request",
                                       " memory",
                                       " because",
                                       " between",
                                       " international",
                                       " throughput",
                                       "\n",
                                       ".\n\n",
                                       ",",
                                       " (",
                                       ")",
                                       " 2024",
                                       " 3.14159",
                                       "\n    return x + 1;",
                                       "\n  if (n_tokens > 0) {",
                                       " std::vector<int>",
                                       " naïve",
                                       " Übergröße",
                                       " привет",
                                       " 世界人民",
                                       " 한국어",
                                       " \U0001F600",
                                       " don't",
                                       " it's",
                                       " https://example.org/a?b=c",
                                       " antidisestablishmentarianism",
                                       " HTTPServer",
                                       " camelCase",
                                       " == 0x7FFF",
                                       "\t\t",
                                       " — "};
  std::mt19937 random(42);
  std::string out;
  while (out.size() < n_bytes) {
    const double u = static_cast<double>(random()) / 4294967296.0;
    if (random() % 10 == 0) {  // a word nobody has seen
      out += ' ';
      for (std::size_t i = 0, n = 3 + random() % 8; i < n; ++i) out += static_cast<char>('a' + random() % 26);
    } else {
      out += kWords[static_cast<std::size_t>(u * u * static_cast<double>(std::size(kWords)))];
    }
  }
  return out;
}

void bench_encode(benchmark::State& state, const Tokenizer& tokenizer, const std::string& text) {
  std::size_t n_tokens = 0;
  for (auto _ : state) n_tokens = tokenizer.encode(text, {.add_special = true, .parse_special = true}).value().size();
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
  state.counters["bytes_per_token"] = static_cast<double>(text.size()) / static_cast<double>(n_tokens);
}

void bench_stream(benchmark::State& state, const Tokenizer& tokenizer, const std::string& text) {
  const auto ids = tokenizer.encode(text, {}).value();
  for (auto _ : state) {
    engine::Detokenizer detokenizer(tokenizer);
    for (const engine::TokenId id : ids) benchmark::DoNotOptimize(detokenizer.append(id));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(ids.size()));
}

void bench_load(benchmark::State& state, const std::string& path) {
  for (auto _ : state) benchmark::DoNotOptimize(load(path));
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  std::vector<std::string> paths(argv + 1, argv + argc);
  if (paths.empty())
    for (const auto& entry : std::filesystem::directory_iterator(QUERN_SOURCE_DIR "/tests/data/tokenizer"))
      if (entry.path().extension() == ".gguf") paths.push_back(entry.path().string());
  static const std::string text = mixed_text(1 << 20), chat = text.substr(0, 400), letters(1 << 20, 'a');
  static std::vector<std::unique_ptr<Tokenizer>> tokenizers;
  for (const std::string& path : paths) {
    const std::string name = std::filesystem::path(path).filename().string();
    tokenizers.push_back(load(path));
    const Tokenizer* const tokenizer = tokenizers.back().get();
    const auto add = [&](const char* what, auto function) {
      benchmark::RegisterBenchmark((name + "/" + what).c_str(), function)->Unit(benchmark::kMillisecond);
    };
    add("encode_mixed_1mib", [=](benchmark::State& s) { bench_encode(s, *tokenizer, text); });
    add("encode_mixed_400b", [=](benchmark::State& s) { bench_encode(s, *tokenizer, chat); });
    add("encode_one_letter_1mib", [=](benchmark::State& s) { bench_encode(s, *tokenizer, letters); });
    add("stream_mixed", [=](benchmark::State& s) { bench_stream(s, *tokenizer, text); });
    add("load", [=](benchmark::State& s) { bench_load(s, path); });
  }
  benchmark::RunSpecifiedBenchmarks();
}
