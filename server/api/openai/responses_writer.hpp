// The answer of /v1/responses: numbered events around output items, or the whole response. Threads: see AnswerWriter.
// Source: the OpenAI API reference, "Responses" and "Streaming events"; which of them clients cannot do without.
#pragma once

#include "server/api/answer_writer.hpp"
#include "server/api/openai/openai_writer.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quern::server {

class ResponsesWriter final : public AnswerWriter {
 public:
  // echo: see response_echo(). keep: gets the response object once it is whole, before it leaves; may be called on a
  // helper thread.
  ResponsesWriter(Envelope envelope, std::string echo, bool logprobs, std::function<void(const std::string&)> keep = {})
      : envelope_(std::move(envelope)), echo_(std::move(echo)), logprobs_(logprobs), keep_(std::move(keep)) {}

  void begin(const AnswerFacts& facts, std::uint32_t n_choices, std::string& out) override;
  void event(const models::AnswerEvent& event, std::string& out) override;
  void silence(std::string& out) override;  // an event: comments do not reset every client's clock
  void finish(const AnswerFacts& facts, std::string& out) override;
  void failure(const HttpError& error, std::string& out) override;
  std::string whole(std::span<const WholeChoice> choices, const AnswerFacts& facts) const override;

 private:
  enum class Kind : unsigned char { message, reasoning, call };
  struct Item {
    Kind kind = Kind::message;
    std::string id, text;  // text, or arguments
    std::string call_id, name;
    std::string logprobs = {};  // of the text: JSON, the inside of an array
  };

  std::string logprobs_of(std::span<const models::TokenLogprob> logprobs) const;
  // {"type", "sequence_number", <fields>}
  void add(std::string_view type, std::string_view fields, std::string& out);
  void open_item(Item item, std::string& out);  // unless one of its kind is open (calls: always)
  void close_item(std::string& out);
  std::string place() const;  // "item_id", "output_index", "content_index" of the open item
  static std::string item_json(const Item& item, std::string_view status);
  std::string response_json(std::string_view status, const std::vector<Item>& items, const models::Usage* usage,
                            const HttpError* error) const;

  const Envelope envelope_;
  const std::string echo_;
  const bool logprobs_;
  const std::function<void(const std::string&)> keep_;  // empty: nobody wants it
  std::uint64_t n_events_ = 0;
  std::vector<Item> items_;
  bool open_ = false;  // the last of them
  models::EndReason end_ = models::EndReason::turn;
};

}  // namespace quern::server
