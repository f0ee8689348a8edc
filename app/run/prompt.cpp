#include "app/run/prompt.hpp"

#include "app/options/sources.hpp"

#include <unistd.h>

namespace quern::app {
namespace {

constexpr std::size_t kMaxPromptBytes = 64u << 20;
constexpr const char* kStdin = "/dev/stdin";

}  // namespace

Result<std::optional<std::string>> read_prompt(const RunOptions& options) {
  if (!options.prompt.empty()) return std::optional(options.prompt);
  if (options.prompt_file.empty() && ::isatty(STDIN_FILENO) == 1) return std::optional<std::string>();
  const bool from_stdin = options.prompt_file.empty() || options.prompt_file == "-";
  QUERN_TRY(std::string text, read_text_file(from_stdin ? kStdin : options.prompt_file, kMaxPromptBytes));
  if (text.ends_with('\n')) text.pop_back();
  return std::optional(std::move(text));
}

}  // namespace quern::app
