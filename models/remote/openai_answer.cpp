#include "models/remote/kinds.hpp"
#include "models/remote/line_reader.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace quern::models {
namespace {

namespace json = boost::json;

constexpr std::uint64_t kMaxCalls = 1024;
constexpr double kLeastLogprob = -9999;  // what stands for minus infinity

std::size_t n_characters(std::string_view text) noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; }));
}

double number_in(const json::object& from, std::string_view key) {
  const json::value* value = from.if_contains(json::string_view(key.data(), key.size()));
  boost::system::error_code error;
  const double number = value == nullptr ? kLeastLogprob : value->to_number<double>(error);
  return error || !std::isfinite(number) ? kLeastLogprob : std::max(number, kLeastLogprob);
}

template <class T>
void read_token(const json::object& from, T& out) {
  out.text = text_in(from, "token");
  out.logprob = number_in(from, "logprob");
  const json::array* const bytes = array_in(from, "bytes");
  if (bytes == nullptr) {
    out.bytes = out.text;
    return;
  }
  for (const json::value& byte : *bytes) {
    boost::system::error_code error;
    out.bytes += static_cast<char>(byte.to_number<std::uint8_t>(error));
  }
}

class Reader final : public AnswerReader {
 public:
  explicit Reader(const RemoteAsk& ask) : chat_(ask.chat), choices_(ask.n_choices()) {}

  Status read(std::string_view bytes, std::vector<AnswerEvent>& out) override;
  bool done() const noexcept override { return done_; }
  bool complete() const noexcept override {
    return std::ranges::all_of(choices_, [](const Choice& choice) { return choice.end.has_value(); });
  }
  void finish(std::vector<AnswerEvent>& out) override;
  Usage usage() const noexcept override { return usage_; }

 private:
  struct Choice {
    std::optional<End> end;
    std::uint32_t n_calls = 0;
    bool call_open = false;
    std::size_t n_chars = 0;
  };

  Status read_chunk(const json::object& chunk, std::vector<AnswerEvent>& out);
  Status read_choice(const json::object& from, std::vector<AnswerEvent>& out);
  Status read_calls(const json::array& calls, std::uint32_t index, std::vector<AnswerEvent>& out);
  void close_call(std::uint32_t index, std::vector<AnswerEvent>& out);
  std::vector<TokenLogprob> logprobs_of(const json::object& from, Choice& choice) const;
  void read_usage(const json::object& from);

  const bool chat_;
  SseReader events_;
  std::vector<Choice> choices_;
  Usage usage_;
  bool done_ = false;
};

Status Reader::read(std::string_view bytes, std::vector<AnswerEvent>& out) {
  QUERN_CHECK(events_.add(bytes));
  while (!done_) {
    QUERN_TRY(const std::optional<SseEvent> event, events_.next());
    if (!event) return {};
    if (event->data == "[DONE]") {
      done_ = true;
      return {};
    }
    QUERN_TRY(const json::object chunk, parse_object(event->data));
    QUERN_CHECK(read_chunk(chunk, out));
  }
  return {};
}

Status Reader::read_chunk(const json::object& chunk, std::vector<AnswerEvent>& out) {
  if (chunk.contains("error")) {
    const json::object* const error = object_in(chunk, "error");
    const std::string_view text = error == nullptr ? text_in(chunk, "error") : text_in(*error, "message");
    return fail(Errc::io, "it failed in the middle: {}", text.substr(0, 500));
  }
  if (const json::object* usage = object_in(chunk, "usage")) read_usage(*usage);
  const json::array* const choices = array_in(chunk, "choices");
  if (choices == nullptr) return {};
  for (const json::value& value : *choices) {
    const json::object* const choice = value.if_object();
    if (choice == nullptr) return fail(Errc::corrupt, "want choices that are objects");
    QUERN_CHECK(read_choice(*choice, out));
  }
  return {};
}

void Reader::read_usage(const json::object& from) {
  usage_.prompt_tokens = count_in(from, "prompt_tokens");
  usage_.completion_tokens = count_in(from, "completion_tokens");
  if (const json::object* details = object_in(from, "prompt_tokens_details")) {
    usage_.cached_tokens = count_in(*details, "cached_tokens");
  }
  if (const json::object* details = object_in(from, "completion_tokens_details")) {
    usage_.reasoning_tokens = count_in(*details, "reasoning_tokens");
  }
}

Status Reader::read_choice(const json::object& from, std::vector<AnswerEvent>& out) {
  const std::uint64_t number = count_in(from, "index");
  if (number >= choices_.size()) {
    return fail(Errc::corrupt, "want choices 0 to {}, found {}", choices_.size() - 1, number);
  }
  const auto index = static_cast<std::uint32_t>(number);
  Choice& choice = choices_[index];
  if (choice.end) return {};
  std::vector<TokenLogprob> logprobs = logprobs_of(from, choice);
  const json::object* const delta = object_in(from, "delta");
  std::string text(chat_ ? (delta == nullptr ? std::string_view() : text_in(*delta, "content"))
                         : text_in(from, "text"));
  if (delta != nullptr) {
    for (const std::string_view key : {"reasoning_content", "reasoning"}) {
      const std::string_view thought = text_in(*delta, key);
      if (thought.empty()) continue;
      ReasoningDelta event{.choice = index, .text = std::string(thought), .logprobs = {}};
      if (text.empty()) event.logprobs = std::exchange(logprobs, {});
      out.emplace_back(std::move(event));
      break;
    }
  }
  if (!text.empty() || !logprobs.empty()) {
    choice.n_chars += n_characters(text);
    out.emplace_back(TextDelta{.choice = index, .text = std::move(text), .logprobs = std::move(logprobs)});
  }
  const json::array* const calls = delta == nullptr ? nullptr : array_in(*delta, "tool_calls");
  if (calls != nullptr) QUERN_CHECK(read_calls(*calls, index, out));
  const std::string_view reason = text_in(from, "finish_reason");
  if (reason.empty()) return {};
  close_call(index, out);
  End end{.choice = index, .reason = EndReason::turn};
  if (reason == "length") end.reason = EndReason::length;
  if (reason == "tool_calls" || reason == "function_call") end.reason = EndReason::tool_calls;
  // vLLM and SGLang name the sequence that was found; others do not tell it from the model's own end.
  for (const std::string_view key : {"stop_reason", "matched_stop"}) {
    if (end.reason != EndReason::turn || text_in(from, key).empty()) continue;
    end.reason = EndReason::stop_sequence;
    end.stop_sequence = text_in(from, key);
  }
  choice.end = std::move(end);
  return {};
}

Status Reader::read_calls(const json::array& calls, std::uint32_t index, std::vector<AnswerEvent>& out) {
  Choice& choice = choices_[index];
  for (const json::value& value : calls) {
    const json::object* const call = value.if_object();
    if (call == nullptr) return fail(Errc::corrupt, "want tool calls that are objects");
    const std::uint64_t number = call->contains("index") ? count_in(*call, "index") : choice.n_calls;
    if (number > choice.n_calls || number >= kMaxCalls || (number + 1 < choice.n_calls)) {
      return fail(Errc::corrupt, "want tool calls one after the other, found number {}", number);
    }
    const json::object* const function = object_in(*call, "function");
    if (number == choice.n_calls) {
      close_call(index, out);
      const std::string_view name = function == nullptr ? std::string_view() : text_in(*function, "name");
      if (name.empty()) return fail(Errc::corrupt, "want a name with the first part of a tool call");
      out.emplace_back(ToolCallBegin{
          .choice = index, .call = choice.n_calls, .id = std::string(text_in(*call, "id")), .name = std::string(name)});
      ++choice.n_calls;
      choice.call_open = true;
    }
    const std::string_view arguments = function == nullptr ? std::string_view() : text_in(*function, "arguments");
    if (arguments.empty()) continue;
    out.emplace_back(ToolCallDelta{.choice = index, .call = choice.n_calls - 1, .arguments = std::string(arguments)});
  }
  return {};
}

void Reader::close_call(std::uint32_t index, std::vector<AnswerEvent>& out) {
  Choice& choice = choices_[index];
  if (!std::exchange(choice.call_open, false)) return;
  out.emplace_back(ToolCallEnd{.choice = index, .call = choice.n_calls - 1});
}

std::vector<TokenLogprob> Reader::logprobs_of(const json::object& from, Choice& choice) const {
  std::vector<TokenLogprob> out;
  const json::object* const logprobs = object_in(from, "logprobs");
  if (logprobs == nullptr) return out;
  std::size_t offset = choice.n_chars;
  if (const json::array* content = array_in(*logprobs, "content")) {
    for (const json::value& value : *content) {
      const json::object* const token = value.if_object();
      if (token == nullptr) continue;
      TokenLogprob& one = out.emplace_back();
      read_token(*token, one);
      one.text_offset = offset;
      offset += n_characters(one.bytes);
      const json::array* const top = array_in(*token, "top_logprobs");
      if (top == nullptr) continue;
      for (const json::value& other : *top) {
        if (other.is_object()) read_token(other.get_object(), one.top.emplace_back());
      }
    }
    return out;
  }
  const json::array* const tokens = array_in(*logprobs, "tokens");
  const json::array* const numbers = array_in(*logprobs, "token_logprobs");
  const json::array* const tops = array_in(*logprobs, "top_logprobs");
  for (std::size_t i = 0; tokens != nullptr && numbers != nullptr && i < std::min(tokens->size(), numbers->size());
       ++i) {
    TokenLogprob& one = out.emplace_back();
    if (const json::string* text = (*tokens)[i].if_string()) one.text.assign(text->data(), text->size());
    one.bytes = one.text;
    boost::system::error_code error;
    const double number = (*numbers)[i].to_number<double>(error);
    one.logprob = error || !std::isfinite(number) ? kLeastLogprob : std::max(number, kLeastLogprob);
    one.text_offset = offset;
    offset += n_characters(one.text);
    const json::object* const top = tops != nullptr && i < tops->size() ? (*tops)[i].if_object() : nullptr;
    if (top == nullptr) continue;
    for (const auto& [text, value] : *top) {
      TokenChance& chance = one.top.emplace_back();
      chance.text.assign(text.data(), text.size());
      chance.bytes = chance.text;
      const double other = value.to_number<double>(error);
      chance.logprob = error || !std::isfinite(other) ? kLeastLogprob : std::max(other, kLeastLogprob);
    }
    std::ranges::sort(one.top, std::greater<>{}, &TokenChance::logprob);
  }
  return out;
}

void Reader::finish(std::vector<AnswerEvent>& out) {
  for (std::uint32_t i = 0; i < choices_.size(); ++i) {
    Choice& choice = choices_[i];
    close_call(i, out);
    if (!choice.end) choice.end = End{.choice = i, .reason = EndReason::length};
    if (choice.end->reason == EndReason::turn && choice.n_calls > 0) choice.end->reason = EndReason::tool_calls;
    out.emplace_back(*std::move(choice.end));
  }
}

}  // namespace

std::unique_ptr<AnswerReader> OpenAiUpstream::reader(const RemoteAsk& ask) const {
  return std::make_unique<Reader>(ask);
}

}  // namespace quern::models
