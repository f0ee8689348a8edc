#include "engine/chat/template.hpp"

#include "engine/chat/conversation.hpp"
#include "engine/chat/jinja/json.hpp"
#include "engine/chat/probe.hpp"

#include <ctime>
#include <utility>

namespace quern::engine::chat {

namespace {

using jinja::FailureKind;
using jinja::Value;

Error render_error(const std::string& name, const jinja::Failure& failure) {
  if (failure.kind == FailureKind::raised)
    return fail_field("messages", "chat template '{}', line {}, refuses them: {}", name, failure.line, failure.message);
  return fail_field("messages", "chat template '{}', line {}: {}", name, failure.line, failure.message);
}

}  // namespace

jinja::Moment Inputs::local_time() {
  std::timespec now{};
  std::timespec_get(&now, TIME_UTC);
  std::tm local{};
  localtime_r(&now.tv_sec, &local);
  return {local, static_cast<std::uint32_t>(now.tv_nsec / 1000)};
}

Result<Template> Template::parse(std::string name, std::string_view source, TokenTexts tokens) {
  auto program = jinja::Program::parse(source);
  if (!program)
    return fail(Errc::bad_input, "chat template '{}', line {}: {}", name, program.error().line,
                program.error().message);
  Template out;
  out.name_ = std::move(name);
  out.program_ = std::move(*program);
  out.tokens_ = std::move(tokens);
  out.source_ = source;
  out.traits_ = probe(out, source);
  return out;
}

// Source: fireworks-ai/llama-3-firefunction-v2, whose template takes tools as text, and today's date beside it.
void Template::add_functions_text(const Inputs& inputs, jinja::Variables& variables) const {
  jinja::Heap& heap = *inputs.heap;
  const bool any = !inputs.tools.is(jinja::Kind::none);
  const jinja::JsonStyle style{.has_indent = true, .indent = "    ", .item_separator = ","};
  variables.emplace_back("functions", Value::string(heap, any ? jinja::to_json(heap, inputs.tools, style) : "[]"));
  char date[16];
  const std::size_t size = std::strftime(date, sizeof(date), "%Y-%m-%d", &inputs.now.local);
  variables.emplace_back("datetime", Value::string(heap, std::string(date, size)));
}

jinja::Outcome<std::string> Template::render_raw(Inputs& inputs, bool absent_is_undefined) const {
  jinja::Heap& heap = *inputs.heap;
  jinja::Variables variables;
  try {
    variables.emplace_back("bos_token", Value::string(heap, tokens_.bos));
    variables.emplace_back("eos_token", Value::string(heap, tokens_.eos));
    if (!absent_is_undefined) variables.emplace_back("documents", Value::none());
    variables.emplace_back("messages", inputs.messages);
    if (!inputs.tools.is(jinja::Kind::none) || !absent_is_undefined) variables.emplace_back("tools", inputs.tools);
    variables.emplace_back("add_generation_prompt", Value::boolean(inputs.add_generation_prompt));
    if (takes_functions_text()) add_functions_text(inputs, variables);
    variables.insert(variables.end(), inputs.variables.begin(), inputs.variables.end());
  } catch (const jinja::FailureException& e) {
    return e.failure;
  }
  return program_->render(heap, variables, inputs.now);
}

Result<std::string> Template::render(Inputs& inputs) const {
  try {
    adapt(inputs.messages, traits_);
  } catch (const jinja::FailureException& e) {
    return render_error(name_, e.failure);
  }
  auto out = render_raw(inputs, traits_.absent_is_undefined);
  if (!out) return render_error(name_, out.error());
  return std::move(*out);
}

}  // namespace quern::engine::chat
