#include "engine/chat/builtin.hpp"

#include <algorithm>

namespace quern::engine::chat {

namespace {

// system: Be brief.
// user: Hello
// assistant:
// No blank at the end: it belongs to the first word's token.
constexpr std::string_view kPlain = R"({%- for message in messages -%}
  {{- message.role + ': ' + message.content + '\n' -}}
{%- endfor -%}
{{- 'assistant:' if add_generation_prompt -}})";

constexpr std::string_view kChatml = R"({%- for message in messages -%}
  {{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' -}}
{%- endfor -%}
{{- '<|im_start|>assistant\n' if add_generation_prompt -}})";

// <s>[INST] <<SYS>>\nsystem\n<</SYS>>\n\nuser [/INST] assistant </s><s>[INST] user [/INST]
// The system message is part of the first user message; users and assistant alternate.
constexpr std::string_view kLlama2 = R"({%- set system = '' -%}
{%- if messages[0].role == 'system' -%}
  {%- set system = '<<SYS>>\n' + messages[0].content + '\n<</SYS>>\n\n' -%}
  {%- set messages = messages[1:] -%}
{%- endif -%}
{%- for message in messages -%}
  {%- set expected = loop.cycle('user', 'assistant') -%}
  {%- if message.role != expected -%}
    {{- raise_exception("llama2 expects '" + expected + "' here, found '" + message.role + "'") -}}
  {%- endif -%}
  {%- if expected == 'user' -%}
    {{- ('[INST] ' + system if loop.first else '<s>[INST] ') + message.content.strip() + ' [/INST]' -}}
  {%- else -%}
    {{- ' ' + message.content.strip() + ' </s>' -}}
  {%- endif -%}
{%- endfor -%}
{%- if not messages -%}
  {{- raise_exception('llama2 needs a user message after the system message') -}}
{%- elif add_generation_prompt and messages[-1].role == 'assistant' -%}
  {{- raise_exception('llama2 answers only a user message') -}}
{%- endif -%})";

constexpr std::string_view kPlainStops[] = {"\nuser:", "\nsystem:", "\nassistant:"};
constexpr std::string_view kChatmlStops[] = {"<|im_end|>", "<|im_start|>"};
constexpr std::string_view kLlama2Stops[] = {"</s>", "[INST]"};

constexpr Builtin kBuiltins[] = {
    {"plain", kPlain, kPlainStops},
    {"chatml", kChatml, kChatmlStops},
    {"llama2", kLlama2, kLlama2Stops},
};

}  // namespace

std::span<const Builtin> builtins() noexcept {
  return kBuiltins;
}

const Builtin* find_builtin(std::string_view name) noexcept {
  const auto row =
      std::find_if(std::begin(kBuiltins), std::end(kBuiltins), [name](const Builtin& b) { return b.name == name; });
  return row == std::end(kBuiltins) ? nullptr : row;
}

}  // namespace quern::engine::chat
