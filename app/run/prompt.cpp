#include "app/run/prompt.hpp"

#include "app/options/sources.hpp"
#include "app/run/text_file.hpp"

#include <unistd.h>

namespace quern::app {
namespace {

constexpr std::size_t kMaxPromptBytes = 64u << 20;

}  // namespace

Result<std::optional<std::string>> read_prompt(const RunOptions& options) {
  if (!options.prompt.empty()) return std::optional(options.prompt);
  if (options.prompt_file.empty() && ::isatty(STDIN_FILENO) == 1) return std::optional<std::string>();
  const bool from_stdin = options.prompt_file.empty() || options.prompt_file == "-";
  const std::string name = from_stdin ? "standard input" : options.prompt_file;
  QUERN_TRY(std::string bytes,
            from_stdin ? read_descriptor(STDIN_FILENO, name, kMaxPromptBytes) : read_text_file(name, kMaxPromptBytes));
  QUERN_TRY(std::string text, decode_text(std::move(bytes), name));
  if (text.empty()) return fail(Errc::bad_input, "{}: want a prompt, found no text", name);
  return std::optional(std::move(text));
}

}  // namespace quern::app
