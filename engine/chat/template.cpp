// Sources: ChatML as OpenAI published it; the Llama 2 format from meta-llama/llama generation.py. `plain` is our own,
// for models that were never taught a format: one line per message, as in a script, which a base model tends to
// continue.
#include "engine/chat/template.hpp"

#include <algorithm>
#include <array>

namespace quern::engine::chat {

namespace {

using Messages = std::span<const Message>;

struct Row {
  TemplateName name;
  std::string_view text;
  Result<std::string> (*render)(Messages messages, bool add_generation_prompt);
  std::span<const std::string_view> stops;
};

std::string role_field(std::size_t index) {
  return fmt::format("messages[{}].role", index);
}

Status check_roles(Messages messages) {
  if (messages.empty()) return fail_field("messages", "must not be empty");
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const std::string& role = messages[i].role;
    if (role != "system" && role != "user" && role != "assistant")
      return fail_field(role_field(i), "found '{}', expected system, user or assistant", role);
  }
  return {};
}

std::string_view trim(std::string_view text) {
  static constexpr std::string_view kBlanks = " \t\n\v\f\r";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

// system: Be brief.
// user: Hello
// assistant:
Result<std::string> render_plain(Messages messages, bool add_generation_prompt) {
  std::string out;
  for (const Message& message : messages) out += message.role + ": " + message.content + "\n";
  if (add_generation_prompt) out += "assistant:";  // no blank at the end: it belongs to the first word's token
  return out;
}

Result<std::string> render_chatml(Messages messages, bool add_generation_prompt) {
  std::string out;
  for (const Message& message : messages)
    out += "<|im_start|>" + message.role + "\n" + message.content + "<|im_end|>\n";
  if (add_generation_prompt) out += "<|im_start|>assistant\n";
  return out;
}

// <s>[INST] <<SYS>>\nsystem\n<</SYS>>\n\nuser [/INST] assistant </s><s>[INST] user [/INST]
// The tokenizer adds the first <s>. The system message is part of the first user message; users and assistant
// alternate.
Result<std::string> render_llama2(Messages messages, bool add_generation_prompt) {
  const bool has_system = messages.front().role == "system";
  const std::size_t first = has_system ? 1 : 0;
  if (first == messages.size())
    return fail_field(role_field(0), "llama2 needs a user message after the system message");
  std::string out;
  for (std::size_t i = first; i < messages.size(); ++i) {
    const bool is_user = (i - first) % 2 == 0;
    const std::string_view expected = is_user ? "user" : "assistant";
    if (messages[i].role != expected)
      return fail_field(role_field(i), "found '{}', but llama2 expects '{}' here", messages[i].role, expected);
    const std::string_view content = trim(messages[i].content);
    if (!is_user) {
      out.append(" ").append(content).append(" </s>");
      continue;
    }
    out.append(i == first ? "[INST] " : "<s>[INST] ");
    if (has_system && i == first) out.append("<<SYS>>\n").append(messages.front().content).append("\n<</SYS>>\n\n");
    out.append(content).append(" [/INST]");
  }
  if (add_generation_prompt && messages.back().role == "assistant")
    return fail_field(role_field(messages.size() - 1), "found 'assistant', but llama2 answers only a user message");
  return out;
}

constexpr std::string_view kPlainStops[] = {"\nuser:", "\nsystem:", "\nassistant:"};
constexpr std::string_view kChatmlStops[] = {"<|im_end|>", "<|im_start|>"};
constexpr std::string_view kLlama2Stops[] = {"</s>", "[INST]"};

constexpr std::array kRows{
    Row{TemplateName::plain, "plain", &render_plain, kPlainStops},
    Row{TemplateName::chatml, "chatml", &render_chatml, kChatmlStops},
    Row{TemplateName::llama2, "llama2", &render_llama2, kLlama2Stops},
};

const Row& row_of(TemplateName name) noexcept {
  const auto row = std::find_if(kRows.begin(), kRows.end(), [name](const Row& r) { return r.name == name; });
  return row == kRows.end() ? kRows.front() : *row;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

Result<TemplateName> find_template(std::string_view name) {
  std::string known;
  for (const Row& row : kRows) {
    if (row.text == name) return row.name;
    known.append(known.empty() ? "" : ", ").append(row.text);
  }
  return fail(Errc::bad_input, "chat template: found '{}', expected one of {}", name, known);
}

std::string_view template_name(TemplateName name) noexcept {
  return row_of(name).text;
}

TemplateName detect_template(std::string_view jinja_source) noexcept {
  // Phi-4's <|im_sep|> in place of the line end makes it another format.
  if (contains(jinja_source, "<|im_start|>") && !contains(jinja_source, "<|im_sep|>")) return TemplateName::chatml;
  // Also Mistral's first format, which differs only after the first answer.
  if (contains(jinja_source, "[INST]") && !contains(jinja_source, "[SYSTEM_PROMPT]")) return TemplateName::llama2;
  return TemplateName::plain;
}

Result<std::string> render(TemplateName name, std::span<const Message> messages, bool add_generation_prompt) {
  QUERN_CHECK(check_roles(messages));
  return row_of(name).render(messages, add_generation_prompt);
}

std::span<const std::string_view> implied_stops(TemplateName name) noexcept {
  return row_of(name).stops;
}

}  // namespace quern::engine::chat
