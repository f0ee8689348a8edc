// Prompts that ask for what stands between two texts, for models whose vocabulary has the tokens for it.
// Threads: any. Source of the order: arXiv 2207.14255 (prefix, suffix, middle) and, with other files of a repository,
// arXiv 2409.12186.
#pragma once

#include "server/api/generate.hpp"
#include "server/api/prompt_json.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace quern::server {

// Another file that the answer should know of.
struct FileText {
  std::string name, text;
};

struct FillIn {
  std::vector<PromptInput> prefix;  // one after the other
  std::string suffix;
  std::vector<FileText> files = {};
};

// How the request calls its parts.
struct FillFields {
  std::string prefix, suffix, files;
};

// Adds the prompt, and the tokens of its kind to those that end the answer. Errors: unsupported naming the suffix,
// where the model has no such tokens; those of Effort::encode. Too long: out.too_long.
Status add_fill_in(Prepared& out, const FillIn& what, const FillFields& names, Effort& effort);

}  // namespace quern::server
