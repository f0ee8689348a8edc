// Everything that a request needs of its model. Threads: const after creation, but for generator and embedder, which
// any thread may use. Ownership: shared by the catalog and by the requests that use it; what it refers to lives in
// `owner`, or longer than the catalog.
#pragma once

#include "engine/backend.hpp"
#include "engine/chat/template_set.hpp"
#include "engine/sampling/params.hpp"
#include "engine/tokenizer/tokenizer.hpp"
#include "engine/tools/reasoning_format.hpp"
#include "engine/tools/tool_format.hpp"
#include "models/embedder.hpp"
#include "models/generator.hpp"
#include "models/grammars.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace quern::models {

// A part that models on this machine have, and those on other servers do not. Refers to it.
template <class T>
class LocalPart {
 public:
  LocalPart() = default;
  LocalPart(const T& part) noexcept : part_(&part) {}

  explicit operator bool() const noexcept { return part_ != nullptr; }
  const T* get() const noexcept { return part_; }
  operator const T&() const noexcept { return *part_; }  // REQUIRES: there is one; as below
  const T* operator->() const noexcept { return part_; }
  const T& operator*() const noexcept { return *part_; }

 private:
  const T* part_ = nullptr;
};

struct ServedModel {
  std::string id;                    // the name that answers carry
  std::vector<std::string> aliases;  // other names that it answers to
  std::int64_t created_unix_s = 0;
  engine::ModelInfo info;
  std::string quantization;                     // the format of most of its weights, "Q4_K"
  std::string digest;                           // of its file: 64 hexadecimal digits; empty: it is not known
  engine::sampling::SamplingParams sampling;    // where a request does not say otherwise
  LocalPart<engine::Tokenizer> tokenizer = {};  // none: the model is on another server, and so are its templates
  LocalPart<engine::chat::TemplateSet> chat = {};
  std::size_t longest_token_bytes = 1;   // no token stands for more text: bounds what is worth tokenizing
  std::unique_ptr<Generator> generator;  // one of the two at least
  std::unique_ptr<Embedder> embedder = {};
  // How a pair is put to a model that ranks: a text with {query} and {document}; empty: as two texts with separators.
  std::string rank_template = {};
  // What its settings add to requests: a system text where a conversation has none, messages {role, text} that every
  // conversation begins with, texts that end answers.
  std::string system = {};
  std::vector<std::pair<std::string, std::string>> opening = {};
  std::vector<std::string> stops = {};
  std::optional<std::uint32_t> max_tokens = {};  // of an answer, where a request does not say
  // How its answers are written where it thinks or calls tools, by its chat templates: for requests without tools, and
  // with them. See complete().
  struct AnswerFormats {
    std::shared_ptr<const engine::tools::ReasoningFormat> reasoning;  // nullptr: it does not think
    std::shared_ptr<const engine::tools::ToolFormat> calls;           // nullptr: it has no place for tools
  };
  AnswerFormats plain = {}, with_tools = {};
  std::shared_ptr<Grammars> grammars = {};
  std::shared_ptr<void> owner = {};
  // Its generator may pass tasks on to other servers: they need GenerateTask::ask.
  bool takes_asks = false;

  void complete();  // finds out what the last three are. Once, before it is shared
  const AnswerFormats& formats(bool tools) const noexcept { return tools ? with_tools : plain; }

  bool is_local() const noexcept { return static_cast<bool>(tokenizer); }
  bool can(Work work) const noexcept;
  std::uint32_t max_context() const noexcept;  // tokens of a prompt and its answer, or of a text
  std::vector<TaskQueue*> queues() const;
};

// The bytes of the longest piece of text that a token can stand for.
std::size_t longest_token(const engine::Tokenizer& tokenizer);

}  // namespace quern::models
