// One golden family = one function from a directory to one result per file. quern_golden prints and counts them.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace quern::golden {

struct Options {
  std::filesystem::path dir;  // laid out like the golden data's README
  std::string filter = "*";   // glob on the file's stem
};

struct FileResult {
  std::string file;  // "arch/llama"
  bool passed = false;
  std::string message;  // worst NMSE, or the first mismatch
};

struct Family {
  const char* name;  // the sub-folder: arch, quant, tokenizer, sampling, chat, grammar
  // Calls report once per file, as soon as its result is known.
  void (*run)(const Options& options, const std::function<void(const FileResult&)>& report);
};

extern const Family kArchFamily, kQuantFamily, kTokenizerFamily, kSamplingFamily, kChatFamily, kGrammarFamily;

// Files of dir/family that end in `extension` and whose stem matches the filter, sorted.
std::vector<std::filesystem::path> files_of(const Options& options, const char* family, const char* extension);

// Normalized mean squared error, sum((a-b)^2) / sum(b^2); infinity where a has NaN or the sizes differ.
double nmse(const std::vector<float>& got, const std::vector<float>& want);

}  // namespace quern::golden
