// The answer of /v1/messages: named events around content blocks, or the whole message. Threads: see AnswerWriter.
// Source: Anthropic's API reference, "Streaming messages"; which events its clients cannot do without.
#pragma once

#include "server/api/answer_writer.hpp"

#include <string>
#include <string_view>

namespace quern::server {

class MessagesWriter final : public AnswerWriter {
 public:
  explicit MessagesWriter(std::string model);

  void begin(const AnswerFacts& facts, std::uint32_t n_choices, std::string& out) override;
  void event(const models::AnswerEvent& event, std::string& out) override;
  void silence(std::string& out) override;
  void finish(const AnswerFacts& facts, std::string& out) override;
  void failure(const HttpError& error, std::string& out) override;
  std::string whole(std::span<const WholeChoice> choices, const AnswerFacts& facts) const override;

 private:
  enum class Block : unsigned char { none, text, thinking, tool };
  void open_block(Block kind, std::string_view start, std::string& out);  // unless one of this kind is open
  void close_block(std::string& out);
  void delta(std::string_view type, std::string_view field, std::string_view text, std::string& out) const;

  const std::string id_, model_;
  Block block_ = Block::none;
  std::uint32_t n_blocks_ = 0;
  models::End end_;
};

}  // namespace quern::server
