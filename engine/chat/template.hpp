// One chat template, parsed, with what was found out about it. Threads: const after parse(), any number at once.
// Ownership: copies the source's program. Limits: jinja::Limits for each rendering.
#pragma once

#include "base/result.hpp"
#include "engine/chat/jinja/containers.hpp"
#include "engine/chat/jinja/program.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace quern::engine::chat {

// What a template wants the ids of calls to be.
enum class CallIds : std::uint8_t {
  any,
  nine,     // nine letters and digits: Mistral
  counted,  // functions.name:0, for it shows no other name: Kimi K2
};

// What a template can be given. Found out by rendering small conversations and looking at what comes out.
struct Traits {
  bool absent_is_undefined = false;  // `tools` and `documents` that are not there: undefined instead of None
  bool takes_parts = false;          // a message's content may be a list of {"type": "text", "text": ...}
  bool needs_parts = false;          // ... and no string
  bool object_arguments = true;      // a tool call's arguments are an object, as transformers has them, not JSON text
  bool takes_calls = false;          // has a place for an assistant's tool calls
  bool single_call = false;          // refuses or leaves out all but the first of several calls in one message
  bool null_content = true;          // the content of a message that only calls tools may be None
  CallIds call_ids = CallIds::any;
  bool knows_developer = false;  // has a place for that role; elsewhere it is called system
  std::string after_answer;      // what stands between an answer and the next question
};

// What one rendering is given: messages and tools as the OpenAI API has them. The template may change the values.
struct Inputs {
  explicit Inputs(const jinja::Limits& limits = {}) : heap(std::make_unique<jinja::Heap>(limits)) {}
  std::unique_ptr<jinja::Heap> heap;          // first: it must outlive the values
  jinja::Value messages;                      // a list of dicts
  jinja::Value tools = jinja::Value::none();  // a list of dicts, or None
  jinja::Variables variables;                 // further ones; they win
  bool add_generation_prompt = true;
  jinja::Moment now = local_time();  // for strftime_now

  static jinja::Moment local_time();
  Inputs(Inputs&&) = default;
  Inputs& operator=(Inputs&&) = delete;
};

// The texts of the model's tokens that templates write.
struct TokenTexts {
  std::string bos, eos;
};

class Template {
 public:
  // Errors: bad_input naming the template and the line.
  static Result<Template> parse(std::string name, std::string_view source, TokenTexts tokens);

  // The prompt. Errors: bad_input naming messages: the template refuses them, fails with them, or goes over a limit.
  Result<std::string> render(Inputs& inputs) const;
  // The same without bringing the messages into the form that the template knows.
  jinja::Outcome<std::string> render_raw(Inputs& inputs, bool absent_is_undefined) const;

  bool mentions(std::string_view variable) const noexcept { return program_->mentions(variable); }
  // Has a place for tools: as `tools`, or as JSON text in `functions`.
  bool takes_tools() const noexcept { return mentions("tools") || takes_functions_text(); }
  bool has_word(std::string_view word) const noexcept { return program_->has_word(word); }
  const std::string& name() const noexcept { return name_; }
  const Traits& traits() const noexcept { return traits_; }
  const std::string& source() const noexcept { return source_; }

 private:
  Template() = default;
  bool takes_functions_text() const noexcept { return !mentions("tools") && mentions("functions"); }
  void add_functions_text(const Inputs& inputs, jinja::Variables& variables) const;
  std::string name_, source_;
  std::shared_ptr<const jinja::Program> program_;
  TokenTexts tokens_;
  Traits traits_;
};

}  // namespace quern::engine::chat
