#include "models/remote/kinds.hpp"
#include "models/remote/line_reader.hpp"

#include <string>
#include <utility>

#include <boost/json/parse.hpp>

namespace quern::models {
namespace {

namespace json = boost::json;

constexpr const char* kVersion = "2023-06-01";
constexpr std::uint32_t kLeastThoughts = 1024;  // tokens, of the API
constexpr std::uint64_t kMaxBlocks = 4096;

std::string plain_text(const json::object& message) {
  const json::value* const content = message.if_contains("content");
  if (content == nullptr) return {};
  if (content->is_string()) return std::string(text_in(message, "content"));
  std::string out;
  if (const json::array* parts = content->if_array()) {
    for (const json::value& part : *parts) {
      if (part.is_object()) out += text_in(part.get_object(), "text");
    }
  }
  return out;
}

json::array assistant_blocks(const json::object& message) {
  json::array blocks;
  const std::string text = plain_text(message);
  if (!text.empty()) blocks.push_back(json::object{{"type", "text"}, {"text", text}});
  const json::array* const calls = array_in(message, "tool_calls");
  if (calls == nullptr) return blocks;
  for (const json::value& value : *calls) {
    const json::object& call = value.as_object();
    const json::object* const function = object_in(call, "function");
    if (function == nullptr) continue;
    boost::system::error_code error;
    const std::string_view arguments = text_in(*function, "arguments");
    json::value input = json::parse(json::string_view(arguments.data(), arguments.size()), error);
    if (error || !input.is_object()) input = json::object();
    json::object block{{"type", "tool_use"}};
    block["id"] = text_in(call, "id");
    block["name"] = text_in(*function, "name");
    block["input"] = std::move(input);
    blocks.push_back(std::move(block));
  }
  return blocks;
}

// Answers of tools are blocks of the user here, and who speaks twice in a row says it at once.
void add_message(const json::object& message, json::array& out) {
  const std::string_view role = text_in(message, "role");
  json::array blocks;
  if (role == "assistant") {
    blocks = assistant_blocks(message);
  } else if (role == "tool") {
    json::object block{{"type", "tool_result"}};
    block["tool_use_id"] = text_in(message, "tool_call_id");
    block["content"] = plain_text(message);
    blocks.push_back(std::move(block));
  } else {
    blocks.push_back(json::object{{"type", "text"}, {"text", plain_text(message)}});
  }
  const char* const who = role == "assistant" ? "assistant" : "user";
  if (blocks.empty()) return;
  if (!out.empty() && out.back().as_object().at("role") == who) {
    json::array& last = out.back().as_object().at("content").as_array();
    for (json::value& block : blocks) last.push_back(std::move(block));
    return;
  }
  out.push_back(json::object{{"role", who}, {"content", std::move(blocks)}});
}

json::array anthropic_tools(const json::array& tools) {
  json::array out;
  for (const json::value& value : tools) {
    const json::object* const function = object_in(value.as_object(), "function");
    if (function == nullptr) continue;
    json::object tool;
    tool["name"] = text_in(*function, "name");
    if (!text_in(*function, "description").empty()) tool["description"] = text_in(*function, "description");
    const json::value* const parameters = function->if_contains("parameters");
    tool["input_schema"] = parameters == nullptr ? json::value(json::object{{"type", "object"}}) : *parameters;
    out.push_back(std::move(tool));
  }
  return out;
}

json::object tool_choice(const RemoteAsk& ask) {
  json::object out;
  out["type"] = ask.calls == RemoteAsk::Calls::named      ? "tool"
                : ask.calls == RemoteAsk::Calls::required ? "any"
                                                          : "auto";
  if (ask.calls == RemoteAsk::Calls::named) out["name"] = ask.called_tool;
  if (!ask.parallel_calls) out["disable_parallel_tool_use"] = true;
  return out;
}

class AnthropicReader final : public AnswerReader {
 public:
  Status read(std::string_view bytes, std::vector<AnswerEvent>& out) override {
    QUERN_CHECK(events_.add(bytes));
    while (!done_) {
      QUERN_TRY(const std::optional<SseEvent> event, events_.next());
      if (!event) return {};
      QUERN_TRY(const json::object data, parse_object(event->data));
      QUERN_CHECK(read_event(data, out));
    }
    return {};
  }
  bool done() const noexcept override { return done_; }
  bool complete() const noexcept override { return ended_; }
  void finish(std::vector<AnswerEvent>& out) override {
    if (std::exchange(block_, Block::none) == Block::call) out.emplace_back(ToolCallEnd{.call = n_calls_ - 1});
    if (!ended_) end_.reason = EndReason::length;
    out.emplace_back(end_);
  }
  Usage usage() const noexcept override { return usage_; }

 private:
  enum class Block : std::uint8_t { none, text, thoughts, call, other };

  Status read_event(const json::object& data, std::vector<AnswerEvent>& out) {
    const std::string_view type = text_in(data, "type");
    if (type == "message_stop") done_ = true;
    if (type == "error") {
      const json::object* const error = object_in(data, "error");
      const std::string_view text = error == nullptr ? std::string_view() : text_in(*error, "message");
      return fail(Errc::io, "it failed in the middle: {}", text.substr(0, 500));
    }
    if (type == "message_start") {
      const json::object* const message = object_in(data, "message");
      if (message != nullptr) read_usage(object_in(*message, "usage"));
    } else if (type == "message_delta") {
      read_end(data);
    } else if (type == "content_block_start") {
      return begin_block(data, out);
    } else if (type == "content_block_delta") {
      read_delta(data, out);
    } else if (type == "content_block_stop") {
      if (std::exchange(block_, Block::none) == Block::call) out.emplace_back(ToolCallEnd{.call = n_calls_ - 1});
    }
    return {};
  }

  void read_usage(const json::object* from) {
    if (from == nullptr) return;
    if (from->contains("input_tokens")) {
      usage_.cached_tokens = count_in(*from, "cache_read_input_tokens");
      usage_.prompt_tokens =
          count_in(*from, "input_tokens") + usage_.cached_tokens + count_in(*from, "cache_creation_input_tokens");
    }
    usage_.completion_tokens = count_in(*from, "output_tokens");
  }

  void read_end(const json::object& data) {
    read_usage(object_in(data, "usage"));
    const json::object* const delta = object_in(data, "delta");
    const std::string_view reason = delta == nullptr ? std::string_view() : text_in(*delta, "stop_reason");
    if (reason.empty()) return;
    ended_ = true;
    if (reason == "max_tokens" || reason == "model_context_window_exceeded") end_.reason = EndReason::length;
    if (reason == "tool_use") end_.reason = EndReason::tool_calls;
    if (reason == "stop_sequence") {
      end_.reason = EndReason::stop_sequence;
      end_.stop_sequence = text_in(*delta, "stop_sequence");
    }
  }

  Status begin_block(const json::object& data, std::vector<AnswerEvent>& out) {
    static const json::object kNone;
    const json::object* found = object_in(data, "content_block");
    const json::object& block = found == nullptr ? kNone : *found;
    const std::string_view type = text_in(block, "type");
    if (++n_blocks_ > kMaxBlocks) return fail(Errc::corrupt, "more than {} blocks", kMaxBlocks);
    block_ = type == "text"       ? Block::text
             : type == "thinking" ? Block::thoughts
             : type == "tool_use" ? Block::call
                                  : Block::other;
    if (block_ == Block::call) {
      if (text_in(block, "name").empty()) return fail(Errc::corrupt, "want a name with a tool call");
      out.emplace_back(ToolCallBegin{
          .call = n_calls_++, .id = std::string(text_in(block, "id")), .name = std::string(text_in(block, "name"))});
    }
    if (!text_in(block, "text").empty()) {
      out.emplace_back(TextDelta{.text = std::string(text_in(block, "text")), .logprobs = {}});
    }
    return {};
  }

  void read_delta(const json::object& data, std::vector<AnswerEvent>& out) {
    const json::object* const delta = object_in(data, "delta");
    if (delta == nullptr) return;
    if (block_ == Block::text && !text_in(*delta, "text").empty()) {
      out.emplace_back(TextDelta{.text = std::string(text_in(*delta, "text")), .logprobs = {}});
    } else if (block_ == Block::thoughts && !text_in(*delta, "thinking").empty()) {
      out.emplace_back(ReasoningDelta{.text = std::string(text_in(*delta, "thinking")), .logprobs = {}});
    } else if (block_ == Block::call && !text_in(*delta, "partial_json").empty()) {
      out.emplace_back(ToolCallDelta{.call = n_calls_ - 1, .arguments = std::string(text_in(*delta, "partial_json"))});
    }
  }

  SseReader events_;
  End end_;
  Usage usage_;
  Block block_ = Block::none;
  std::uint32_t n_calls_ = 0;
  std::uint64_t n_blocks_ = 0;
  bool ended_ = false, done_ = false;
};

}  // namespace

Result<quern::net::HttpRequest> AnthropicUpstream::request(const RemoteAsk& ask, const Upstream& upstream) const {
  if (!ask.chat) return not_supported("prompt", UpstreamKind::anthropic);
  if (ask.n != 1) return not_supported("n", UpstreamKind::anthropic);
  if (ask.logprobs) return not_supported("logprobs", UpstreamKind::anthropic);
  if (ask.form != RemoteAsk::Form::free) return not_supported("response_format", UpstreamKind::anthropic);
  json::object body{{"model", upstream.model}, {"stream", true}};
  body["max_tokens"] = ask.max_tokens.value_or(upstream.max_tokens);
  for (const char* const key : {"temperature", "top_p", "top_k"}) {
    if (const json::value* value = ask.sampling.if_contains(key)) body[key] = *value;
  }
  if (!ask.stop.empty()) {
    json::array stop;
    for (const std::string& text : ask.stop) stop.emplace_back(text);
    body["stop_sequences"] = std::move(stop);
  }
  std::string system;
  json::array messages;
  for (const json::value& value : ask.messages) {
    const json::object& message = value.as_object();
    const std::string_view role = text_in(message, "role");
    if (role == "system" || role == "developer") {
      system += (system.empty() ? "" : "\n\n") + plain_text(message);
    } else {
      add_message(message, messages);
    }
  }
  if (!system.empty()) body["system"] = system;
  body["messages"] = std::move(messages);
  if (!ask.tools.empty()) {
    body["tools"] = anthropic_tools(ask.tools);
    body["tool_choice"] = tool_choice(ask);
  }
  if (ask.thought_budget.value_or(0) >= kLeastThoughts) {
    body["thinking"] = json::object{{"type", "enabled"}, {"budget_tokens", *ask.thought_budget}};
  }
  quern::net::HttpRequest out = json_post(upstream, "/v1/messages", body);
  out.headers.push_back({"anthropic-version", kVersion});
  return out;
}

std::unique_ptr<AnswerReader> AnthropicUpstream::reader(const RemoteAsk&) const {
  return std::make_unique<AnthropicReader>();
}

quern::net::HttpRequest AnthropicUpstream::probe(const Upstream& upstream) const {
  quern::net::HttpRequest out = get_request(upstream, "/v1/models");
  out.headers.push_back({"anthropic-version", kVersion});
  return out;
}

Result<quern::net::HttpRequest> AnthropicUpstream::embed_request(const std::vector<std::string>&,
                                                                 const Upstream&) const {
  return not_supported("input", UpstreamKind::anthropic);
}

Result<RemoteVectors> AnthropicUpstream::read_vectors(std::string_view, std::size_t) const {
  return fail(Errc::corrupt, "servers of kind anthropic make no vectors");
}

}  // namespace quern::models
