// The chat templates of a served model: the one for every day, and one for requests with tools where the model brings
// it. Threads: const after creation, any number at once. Ownership: copies; the GGUF file may be closed afterwards.
// Source: the keys tokenizer.chat_template and tokenizer.chat_template.<name> of GGUF files.
#pragma once

#include "base/result.hpp"
#include "engine/chat/template.hpp"
#include "engine/gguf/reader.hpp"
#include "engine/tokenizer/tokenizer.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quern::engine::chat {

struct Message {
  std::string role;  // system, user, assistant
  std::string content;
};

// Ends of an answer besides the tokens that the vocabulary itself names as ends.
struct Ends {
  std::vector<TokenId> tokens;
  std::vector<std::string> strings;
};

class TemplateSet {
 public:
  // choice: a builtin's name, the name of one of the file's own templates ("tool_use"), or the path of a Jinja file;
  // empty: what the model brings, `plain` where it brings none. A template of the model that cannot be parsed is no
  // error here, but of each use. Errors: bad_input or io naming --chat-template, for a choice.
  static Result<TemplateSet> load(const gguf::GgufFile& file, const Tokenizer& tokenizer, const std::string& choice);
  // One template without a model around it. Errors: bad_input.
  static Result<TemplateSet> builtin(std::string_view name);
  static TemplateSet of(Template only);

  // The template for a request. Errors: unsupported where the model's own template cannot be used.
  Result<const Template*> pick(bool has_tools) const;

  Result<std::string> render(Inputs& inputs) const;  // errors: those of pick() and Template::render()
  Result<std::string> render(std::span<const Message> messages, bool add_generation_prompt) const;

  // How a rendered prompt becomes tokens: a BOS that the template wrote is not added again.
  EncodeOptions encode_options(std::string_view prompt) const noexcept;
  const Ends& ends() const noexcept { return ends_; }

 private:
  TemplateSet() = default;
  void find_ends(const Tokenizer& tokenizer);

  std::optional<Template> main_, tools_;
  Error problem_;  // why there is no main_
  std::string bos_;
  Ends ends_;
};

}  // namespace quern::engine::chat
