// tokenizer/: texts with the ids they become and the text that these ids become again. Everything must be equal.
#include "base/mmap_file.hpp"
#include "engine/gguf/reader.hpp"
#include "engine/tokenizer/tokenizer.hpp"
#include "tests/golden/family.hpp"
#include "tests/golden/tokenizer_cases.hpp"
#include "tests/support/golden_json.hpp"

#include <fmt/format.h>

namespace quern::golden {

namespace {

namespace fs = std::filesystem;

FileResult run_file(const fs::path& cases) {
  FileResult out{.file = "tokenizer/" + cases.stem().string(), .passed = false, .message = {}};
  const auto file = engine::gguf::GgufFile::open(vocabulary_of(cases).string());
  if (!file) {
    out.message = file.error().detail;
    return out;
  }
  const auto tokenizer = engine::load_tokenizer(**file);
  if (!tokenizer) {
    out.message = tokenizer.error().detail;
    return out;
  }
  const boost::json::value json = test::read_json(cases);
  const CaseCount count = check_tokenizer_cases(**tokenizer, json.as_array());
  out.passed = count.n_failed == 0 && count.n_cases > 0;
  out.message = out.passed ? fmt::format("{} cases", count.n_cases)
                           : fmt::format("{} of {} cases failed; {}", count.n_failed, count.n_cases, count.first);
  return out;
}

void run(const Options& options, const std::function<void(const FileResult&)>& report) {
  for (const fs::path& path : files_of(options, "tokenizer", ".json")) {
    try {
      report(run_file(path));
    } catch (const std::exception& e) {
      report({.file = "tokenizer/" + path.stem().string(), .passed = false, .message = e.what()});
    }
  }
}

}  // namespace

const Family kTokenizerFamily{"tokenizer", &run};

}  // namespace quern::golden
