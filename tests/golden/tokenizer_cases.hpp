// Golden cases of one tokenizer: a text with the ids it becomes and the text that these ids become again.
#pragma once

#include "engine/tokenizer/tokenizer.hpp"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>

#include <boost/json.hpp>

namespace quern::golden {

std::filesystem::path vocabulary_of(const std::filesystem::path& cases);  // the GGUF file that the cases are for

struct CaseCount {
  std::size_t n_cases = 0, n_failed = 0;
  std::string first;  // what is wrong with the first that failed
};
struct CaseSelection {
  std::function<bool(const std::string& text)> skip;  // cases that are left out; may be empty
  bool ids_only = false;                              // do not look at the text that the ids become
};
CaseCount check_tokenizer_cases(const engine::Tokenizer& tokenizer, const boost::json::array& cases,
                                const CaseSelection& selection = {});

}  // namespace quern::golden
