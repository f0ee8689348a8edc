// How one endpoint writes an answer in its wire format: the bytes of a stream, or the whole. One writer per request; it
// may remember what it has written. Threads: the connection's strand; whole() of a large answer on a helper thread,
// when nothing else uses the writer.
#pragma once

#include "models/answer_event.hpp"
#include "sched/request.hpp"
#include "server/http_error.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quern::server {

struct WholeCall {
  std::string id, name, arguments;
  bool broken = false;  // taken back
};

// All of one choice, for an answer that is not streamed.
struct WholeChoice {
  std::string text, reasoning;
  std::vector<models::TokenLogprob> logprobs;  // of the text
  std::vector<models::TokenLogprob> prompt;    // of the prompt, where they were asked for
  std::vector<WholeCall> calls;
  models::EndReason end = models::EndReason::none;
  std::string stop_sequence;
};

// What is known of an answer besides its events.
struct AnswerFacts {
  models::Usage usage;
  sched::RequestStatus status;  // of the first choice
  std::vector<sched::RequestStatus> choices = {};
};

class AnswerWriter {
 public:
  AnswerWriter() = default;
  AnswerWriter(const AnswerWriter&) = delete;
  AnswerWriter& operator=(const AnswerWriter&) = delete;
  virtual ~AnswerWriter() = default;

  // A stream, appended to `out`: once begin(), then events, in the end either finish() or failure(). A failure comes
  // instead of whatever was written and not yet sent.
  virtual std::string_view stream_type() const noexcept { return "text/event-stream; charset=utf-8"; }
  virtual void begin(const AnswerFacts& facts, std::uint32_t n_choices, std::string& out) = 0;
  // Before the events of each turn, for writers that show how far it is.
  virtual bool wants_progress() const noexcept { return false; }
  virtual void progress(const AnswerFacts&) {}
  virtual void event(const models::AnswerEvent& event, std::string& out) = 0;
  virtual void silence(std::string& out) = 0;  // for clients that drop silent streams
  virtual void finish(const AnswerFacts& facts, std::string& out) = 0;
  virtual void failure(const HttpError& error, std::string& out) = 0;

  virtual std::string whole(std::span<const WholeChoice> choices, const AnswerFacts& facts) const = 0;
};

}  // namespace quern::server
