// What the text of an answer says: thoughts, text, and calls of tools. Threads: plain data.
// Within one call the order is CallBegin, any number of CallArguments, and CallEnd or CallBroken; the concatenated
// arguments are at any time the beginning of one JSON object, and the whole of it at CallEnd. A call that turns out to
// be none after it has begun (cut off, or no valid arguments) is taken back by CallBroken, whose text is all that the
// model wrote of it: who can still do so forgets the call and shows the text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace quern::engine::tools {

struct Reasoning {
  std::string text;
  friend bool operator==(const Reasoning&, const Reasoning&) = default;
};
struct Text {
  std::string text;
  friend bool operator==(const Text&, const Text&) = default;
};
struct CallBegin {
  std::uint32_t index = 0;  // 0, 1, ... in the order of the calls
  std::string id;           // what the model wrote for it; empty: its format has none
  std::string name;
  friend bool operator==(const CallBegin&, const CallBegin&) = default;
};
struct CallArguments {
  std::uint32_t index = 0;
  std::string json;
  friend bool operator==(const CallArguments&, const CallArguments&) = default;
};
struct CallEnd {
  std::uint32_t index = 0;
  friend bool operator==(const CallEnd&, const CallEnd&) = default;
};
struct CallBroken {
  std::uint32_t index = 0;
  std::string text;
  friend bool operator==(const CallBroken&, const CallBroken&) = default;
};
using Event = std::variant<Reasoning, Text, CallBegin, CallArguments, CallEnd, CallBroken>;

// Events in order; neighbours that belong together are one. Gives calls their indexes.
class EventList {
 public:
  void reasoning(std::string_view text);
  void text(std::string_view text);
  void begin_call(std::string id, std::string name);  // REQUIRES: none is open
  // Of the open call.
  void arguments(std::string_view json);
  void end_call();
  void break_call(std::string text);

  bool call_open() const noexcept { return open_; }
  std::uint32_t n_calls() const noexcept { return n_calls_; }  // that have begun
  bool empty() const noexcept { return events_.empty(); }
  std::vector<Event> take() { return std::exchange(events_, {}); }

 private:
  std::vector<Event> events_;
  std::uint32_t n_calls_ = 0;
  bool open_ = false;
};

}  // namespace quern::engine::tools
