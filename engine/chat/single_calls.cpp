#include "engine/chat/single_calls.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace quern::engine::chat {
namespace {

using jinja::Dict;
using jinja::Kind;
using jinja::Value;

std::string text_of(const Value& dict, std::string_view key) {
  const Value* const found = dict.is(Kind::dict) ? dict.as_dict().find(key) : nullptr;
  return found != nullptr && found->is(Kind::string) ? std::string(found->text()) : std::string();
}

const Value* several_calls(const Value& message) {
  const Value* const calls = message.is(Kind::dict) ? message.as_dict().find("tool_calls") : nullptr;
  return calls != nullptr && calls->is(Kind::list) && calls->as_list().items().size() > 1 ? calls : nullptr;
}

// The message with one of its calls.
Value with_call(Dict& message, const Value& call, bool first) {
  jinja::Heap& heap = message.heap();
  Value out(jinja::make_dict(heap));
  for (const Dict::Entry& entry : message.entries()) {
    const std::string_view key = entry.key.is(Kind::string) ? entry.key.text() : std::string_view();
    if (key == "tool_calls")
      out.as_dict().set("tool_calls", jinja::make_list(heap, {call}));
    else if (key == "content" && !first)
      out.as_dict().set("content", Value::none());
    else if (first || (key != "reasoning_content" && key != "reasoning" && key != "thinking"))
      out.as_dict().set(entry.key, entry.value);
  }
  return out;
}

}  // namespace

void split_calls(jinja::List& messages) {
  const std::vector<Value>& all = messages.items();
  if (std::none_of(all.begin(), all.end(), [](const Value& each) { return several_calls(each) != nullptr; })) return;
  std::vector<Value> out;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Value* const calls = several_calls(all[i]);
    if (calls == nullptr) {
      out.push_back(all[i]);
      continue;
    }
    std::vector<Value> answers;
    while (i + 1 < all.size() && text_of(all[i + 1], "role") == "tool") answers.push_back(all[++i]);
    Value message = all[i - answers.size()];
    std::size_t n_split = 0;
    for (const Value& call : calls->as_list().items()) {
      out.push_back(with_call(message.as_dict(), call, n_split++ == 0));
      const std::string id = text_of(call, "id");
      const auto answer = std::find_if(answers.begin(), answers.end(), [&](const Value& each) {
        const std::string answered = text_of(each, "tool_call_id");
        return answered == id || answered.empty();  // without ids they come in order
      });
      if (answer == answers.end()) continue;
      out.push_back(*answer);
      answers.erase(answer);
    }
    out.insert(out.end(), answers.begin(), answers.end());
  }
  messages.assign(std::move(out));
}

}  // namespace quern::engine::chat
