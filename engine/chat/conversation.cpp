#include "engine/chat/conversation.hpp"

#include "engine/chat/jinja/json.hpp"
#include "engine/chat/jinja/text.hpp"
#include "engine/chat/single_calls.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>

namespace quern::engine::chat {

namespace {

using jinja::Dict;
using jinja::Heap;
using jinja::Kind;
using jinja::Value;

// [{"type": "text", "text": "a"}, ...] -> "a\n..."
std::string joined(Heap& heap, const Value& parts) {
  std::string out;
  bool first = true;
  for (const Value& part : jinja::iterate(heap, parts)) {
    if (!std::exchange(first, false)) out += '\n';
    const Value* const text = part.is(Kind::dict) ? part.as_dict().find("text") : nullptr;
    if (text != nullptr) jinja::append_text(heap, *text, out);
  }
  return out;
}

Value as_parts(Heap& heap, const Value& text) {
  Value part(jinja::make_dict(heap));
  part.as_dict().set("type", Value::string(heap, "text"));
  part.as_dict().set("text", text);
  return jinja::make_list(heap, {part});
}

void adapt_content(Dict& message, const Traits& traits) {
  Heap& heap = message.heap();
  Value* const content = message.find("content");
  const bool calls_tools = message.find("tool_calls") != nullptr;
  if (content == nullptr || content->is(Kind::none)) {
    if (!calls_tools || !traits.null_content)
      message.set("content", Value::string(heap, ""));
    else
      message.set("content", Value::none());
  } else if (content->is(Kind::list) && !traits.takes_parts) {
    *content = Value::string(heap, joined(heap, *content));
  } else if (content->is(Kind::string) && traits.needs_parts) {
    *content = as_parts(heap, *content);
  }
}

// A call without arguments: clients write null, "" or nothing but blanks for {}.
bool is_nothing(const Value& arguments) {
  if (arguments.is(Kind::none)) return true;
  if (!arguments.is(Kind::string)) return false;
  const std::string_view text = jinja::strip(arguments.text(), nullptr, true, true);
  return text.empty() || text == "null";
}

void adapt_arguments(const Value& call, const Traits& traits) {
  const Value* const function = call.is(Kind::dict) ? call.as_dict().find("function") : nullptr;
  Value* const arguments =
      function != nullptr && function->is(Kind::dict) ? function->as_dict().find("arguments") : nullptr;
  if (arguments == nullptr) return;
  Heap& heap = function->as_dict().heap();
  if (is_nothing(*arguments)) *arguments = Value(jinja::make_dict(heap));
  if (arguments->is(Kind::dict) && !traits.object_arguments) {
    *arguments = Value::string(heap, jinja::to_json(heap, *arguments, {}));
  } else if (arguments->is(Kind::string) && traits.object_arguments) {
    try {
      Value parsed = jinja::parse_json(heap, arguments->text());
      if (parsed.is(Kind::dict)) *arguments = std::move(parsed);
    } catch (const jinja::FailureException& e) {
      if (e.failure.kind == jinja::FailureKind::limit) throw;
      // A model may have written what is no JSON; the template gets it as it is.
    }
  }
}

// Ids in the form that the template wants, the same for the same id.
class IdWriter {
 public:
  explicit IdWriter(CallIds style) : style_(style) {}

  void adapt_call(Dict& call) {
    Value* const id = call.find("id");
    const std::string old = id != nullptr && id->is(Kind::string) ? std::string(id->text()) : std::string();
    call.set("id", Value::string(call.heap(), rename(old, name_of(call))));
    ++n_calls_;
  }

  void adapt_answer(Dict& message) {
    Value* const id = message.find("tool_call_id");
    if (id == nullptr || !id->is(Kind::string)) return;
    const auto known = names_.find(std::string(id->text()));
    if (known != names_.end()) *id = Value::string(message.heap(), known->second);
  }

 private:
  static std::string name_of(Dict& call) {
    const Value* const function = call.find("function");
    const Value* const name =
        function != nullptr && function->is(Kind::dict) ? function->as_dict().find("name") : nullptr;
    return name != nullptr && name->is(Kind::string) ? std::string(name->text()) : std::string();
  }

  std::string rename(const std::string& old, const std::string& name) {
    std::string fresh = old;
    if (style_ == CallIds::nine && !is_nine(old)) {
      constexpr std::string_view kLetters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
      std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a; calls without an id differ by their place
      for (const char c : old.empty() ? name + std::to_string(n_calls_) : old)
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
      fresh.clear();
      for (int i = 0; i < 9; ++i, hash /= kLetters.size()) fresh += kLetters[hash % kLetters.size()];
    } else if (style_ == CallIds::counted && !old.starts_with("functions.")) {
      fresh = "functions." + name + ":" + std::to_string(n_calls_);
    }
    names_[old] = fresh;
    return fresh;
  }

  static bool is_nine(std::string_view id) {
    const auto is_letter = [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    };
    return id.size() == 9 && std::all_of(id.begin(), id.end(), is_letter);
  }

  const CallIds style_;
  std::size_t n_calls_ = 0;
  std::unordered_map<std::string, std::string> names_;
};

}  // namespace

void adapt(const Value& messages, const Traits& traits) {
  IdWriter ids(traits.call_ids);
  if (traits.single_call) split_calls(messages.as_list());
  for (const Value& message : messages.as_list().items()) {
    Dict& dict = message.as_dict();
    if (Value* const role = dict.find("role"); role != nullptr && role->is(Kind::string) && !traits.knows_developer)
      if (role->text() == "developer") *role = Value::string(dict.heap(), "system");
    adapt_content(dict, traits);
    if (traits.call_ids != CallIds::any) ids.adapt_answer(dict);
    const Value* const calls = dict.find("tool_calls");
    if (calls == nullptr || !calls->is(Kind::list)) continue;
    for (const Value& call : calls->as_list().items()) {
      adapt_arguments(call, traits);
      if (traits.call_ids != CallIds::any && call.is(Kind::dict)) ids.adapt_call(call.as_dict());
    }
  }
}

}  // namespace quern::engine::chat
