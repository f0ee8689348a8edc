#include "engine/chat/template_set.hpp"

#include "base/log.hpp"
#include "base/mmap_file.hpp"
#include "engine/chat/builtin.hpp"
#include "engine/chat/jinja/lexer.hpp"

#include <algorithm>
#include <utility>

namespace quern::engine::chat {

namespace {

constexpr const char* kKey = "tokenizer.chat_template";

std::string text_of(const Tokenizer& tokenizer, TokenId id) {
  return id == kNoToken ? std::string() : std::string(tokenizer.token_text(id));
}

std::string known_names() {
  std::string out;
  for (const Builtin& row : builtins()) out.append(out.empty() ? "" : ", ").append(row.name);
  return out;
}

struct Source {
  std::string name, text;
};

// The template that the user asked for by name or path.
Result<Source> read_choice(const gguf::GgufFile& file, const std::string& choice) {
  if (const Builtin* const row = find_builtin(choice); row != nullptr) return Source{choice, std::string(row->source)};
  QUERN_TRY(const std::string_view own, file.get_string_or(std::string(kKey) + "." + choice, ""));
  if (!own.empty()) return Source{choice, std::string(own)};
  const auto opened = MmapFile::open(choice);
  if (!opened)
    return fail_field("--chat-template", "'{}' is none of {}, no template of the model, and no file: {}", choice,
                      known_names(), opened.error().detail);
  const auto bytes = opened->bytes();
  if (bytes.size() > jinja::kMaxSourceBytes)
    return fail_field("--chat-template", "'{}' has {} bytes, at most {} are allowed", choice, bytes.size(),
                      jinja::kMaxSourceBytes);
  return Source{choice, std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size())};
}

// "<|im_end|>" of "<|im_end|>\n<|im_start|>": what looks like a mark.
std::string leading_mark(std::string_view text) {
  if (text.empty() || (text[0] != '<' && text[0] != '[')) return {};
  const std::size_t end = text.find(text[0] == '<' ? '>' : ']');
  return end == std::string_view::npos || end > 64 ? std::string() : std::string(text.substr(0, end + 1));
}

}  // namespace

Result<TemplateSet> TemplateSet::load(const gguf::GgufFile& file, const Tokenizer& tokenizer,
                                      const std::string& choice) {
  TemplateSet out;
  const TokenTexts tokens{text_of(tokenizer, tokenizer.special().bos), text_of(tokenizer, tokenizer.special().eos)};
  out.bos_ = tokens.bos;
  std::string name = choice;
  if (!choice.empty()) {
    QUERN_TRY(Source source, read_choice(file, choice));
    QUERN_TRY(out.main_, Template::parse(choice, source.text, tokens));
  } else {
    QUERN_TRY(const std::string_view own, file.get_string_or(kKey, ""));
    QUERN_TRY(const std::string_view with_tools, file.get_string_or(std::string(kKey) + ".tool_use", ""));
    if (own.empty()) name = "plain";
    auto main = Template::parse(own.empty() ? name : kKey, own.empty() ? find_builtin(name)->source : own, tokens);
    if (main) {
      out.main_ = std::move(*main);
    } else {
      log::warn("{}; chats are refused; --chat-template takes another one", main.error().detail);
      out.problem_ = std::move(main.error());
      out.problem_.code = Errc::unsupported;
    }
    if (auto tools = Template::parse(std::string(kKey) + ".tool_use", with_tools, tokens); !with_tools.empty()) {
      if (tools)
        out.tools_ = std::move(*tools);
      else
        log::warn("{}; requests with tools use the model's other template", tools.error().detail);
    }
  }
  if (const Builtin* const row = find_builtin(name); row != nullptr)
    out.ends_.strings.assign(row->stops.begin(), row->stops.end());
  else
    out.find_ends(tokenizer);
  return out;
}

Result<TemplateSet> TemplateSet::builtin(std::string_view name) {
  const Builtin* const row = find_builtin(name);
  if (row == nullptr)
    return fail(Errc::bad_input, "chat template: found '{}', expected one of {}", name, known_names());
  TemplateSet out;
  QUERN_TRY(out.main_, Template::parse(std::string(name), row->source, {}));
  out.ends_.strings.assign(row->stops.begin(), row->stops.end());
  return out;
}

TemplateSet TemplateSet::of(Template only) {
  TemplateSet out;
  out.main_ = std::move(only);
  return out;
}

// What the template writes after an answer ends one: a control token, or the text of a mark that is no token at all.
void TemplateSet::find_ends(const Tokenizer& tokenizer) {
  if (!main_) return;
  std::string_view after = main_->traits().after_answer;
  after.remove_prefix(std::min(after.find_first_not_of(" \t\r\n"), after.size()));
  after = after.substr(0, 256);
  if (after.empty()) return;
  const Result<std::vector<TokenId>> encoded = tokenizer.encode(after, {.add_special = false, .parse_special = true});
  if (!encoded) return log::warn("chat template: the end of an answer has no tokens: {}", encoded.error().detail);
  const std::vector<TokenId>& ids = *encoded;
  const auto is_kind = [&](TokenId id, TokenKind kind) { return tokenizer.kind(id) == kind; };
  // A tokenizer may begin every text with a blank of its own.
  const auto first = std::find_if(ids.begin(), ids.end(), [&](TokenId id) {
    const std::string piece = tokenizer.piece(id, true);
    return piece.find_first_not_of(" \t\r\n") != std::string::npos;
  });
  if (first == ids.end() || tokenizer.is_end_of_generation(*first) || is_kind(*first, TokenKind::user_defined)) return;
  if (is_kind(*first, TokenKind::control))
    ends_.tokens.push_back(*first);
  else if (std::string mark = leading_mark(after); !mark.empty())
    ends_.strings.push_back(std::move(mark));
}

Result<const Template*> TemplateSet::pick(bool has_tools) const {
  if (has_tools && tools_) return &*tools_;
  if (!main_) return problem_;
  return &*main_;
}

Result<std::string> TemplateSet::render(Inputs& inputs) const {
  QUERN_TRY(const Template* const chosen, pick(!inputs.tools.is(jinja::Kind::none)));
  return chosen->render(inputs);
}

Result<std::string> TemplateSet::render(std::span<const Message> messages, bool add_generation_prompt) const {
  Inputs inputs;
  inputs.add_generation_prompt = add_generation_prompt;
  try {
    jinja::Heap& heap = *inputs.heap;
    std::vector<jinja::Value> items;
    for (const Message& message : messages) {
      jinja::Value dict(jinja::make_dict(heap));
      dict.as_dict().set("role", jinja::Value::string(heap, message.role));
      dict.as_dict().set("content", jinja::Value::string(heap, message.content));
      items.push_back(std::move(dict));
    }
    inputs.messages = jinja::make_list(heap, std::move(items));
  } catch (const jinja::FailureException& e) {
    return fail_field("messages", "{}", e.failure.message);
  }
  return render(inputs);
}

EncodeOptions TemplateSet::encode_options(std::string_view prompt) const noexcept {
  return {.add_special = bos_.empty() || !prompt.starts_with(bos_), .parse_special = true};
}

}  // namespace quern::engine::chat
