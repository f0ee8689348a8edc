// What a scripted model says: answers, read from a JSON file, that requests take in turn.
//   {"answers": [{"when": "a text of the prompt", "repeat": true, "events": [
//      {"reasoning": "Hm."}, {"text": "Hel"}, {"pause_ms": 20}, {"text": "lo"},
//      {"call": {"id": "call_1", "name": "read", "arguments": ["{\"path\":", "\"a.txt\"}"]}},
//      {"end": "length"}, {"fail": "words"}]},
//    {"events": [{"refuse": "the line is full"}]}]}
// A request takes the first answer that is left and whose "when" its prompt contains (no "when": any prompt); it is
// then gone, unless "repeat" is set. No end: "tool_calls" after calls, else "turn". Threads: plain data.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "models/answer_event.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace quern::test {

// What the request ends with instead of an answer, or what it is refused with at once.
struct Failure {
  std::string words;
};
struct Refusal {
  std::string words;
};
// Of one choice; events have choice 0 here.
using ScriptStep = std::variant<models::AnswerEvent, Duration, Failure, Refusal>;

struct ScriptedAnswer {
  std::string when;
  bool repeat = false;
  std::vector<ScriptStep> steps;  // ends with an End, a Failure or a Refusal
};

class Script {
 public:
  // Errors: bad_input naming the place.
  static Result<Script> parse(std::string_view json_text);

  // nullopt: none is left for this prompt.
  std::optional<ScriptedAnswer> take(std::string_view prompt);
  std::size_t n_left() const noexcept;  // that do not repeat

 private:
  std::vector<ScriptedAnswer> answers_;
};

}  // namespace quern::test
