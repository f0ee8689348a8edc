// Messages with channels:
// <|channel|>analysis<|message|>thought<|end|><|start|>assistant<|channel|>final<|message|>text. A message to a
// function is a call; one in the channel `analysis` is a thought; the others are text. Source: openai/harmony,
// docs/format.md.
#include "engine/tools/answer_parser.hpp"
#include "engine/tools/arguments.hpp"

#include <utility>

namespace quern::engine::tools {
namespace {

constexpr std::size_t kMaxHeaderBytes = 1024;

class HarmonyReader final : public AnswerReader {
 public:
  explicit HarmonyReader(const AnswerFormat& format)
      : takes_calls_(format.calls != nullptr),
        header_begin_({"<|channel|>", "<|start|>", "to=", "assistant", "<|message|>"}),
        header_end_({"<|message|>"}),
        body_end_({"<|end|>", "<|call|>", "<|return|>", "<|start|>", "<|channel|>"}) {}

  void feed(char c, EventList& out) override {
    if (state_ == State::header)
      header(c, out);
    else
      body(c, out);
  }

  void finish(EventList& out) override {
    if (state_ == State::header) {
      // A header that was cut off is no text.
      const bool is_mark = source_.find("<|") != std::string::npos || trimmed(source_).empty();
      if (!is_mark) say(source_, false, out);
      return;
    }
    const std::string rest = body_end_.take_rest();
    if (kind_ == Kind::call)
      for (const char c : rest) argument(c, out);
    else
      say(rest, kind_ == Kind::thought, out);
    end_body(out);
  }

  bool thinking() const override { return state_ == State::body && kind_ == Kind::thought; }

 private:
  enum class State : std::uint8_t { header, body };
  enum class Kind : std::uint8_t { text, thought, call };

  void header(char c, EventList& out) {
    source_ += c;
    if (!is_header_) {
      const Step step = header_begin_.feed(c);
      if (step == Step::refused) return begin_text(out);
      is_header_ = step == Step::done;
      if (is_header_ && source_.ends_with("<|message|>")) return begin_body(out);
    }
    std::string ignored;
    if (header_end_.feed(c, ignored)) return begin_body(out);
    if (source_.size() > kMaxHeaderBytes) begin_text(out);
  }

  // An answer without any header.
  void begin_text(EventList& out) {
    const std::string text = std::exchange(source_, {});
    enter(Kind::text);
    for (const char c : text) body(c, out);
  }

  void enter(Kind kind) {
    state_ = State::body;
    kind_ = kind;
    body_end_.reset();
    header_end_.reset();
    begun_ = over_ = false;
    blanks_.clear();
    arguments_ = {};
  }

  static std::string word_after(const std::string& header, std::string_view mark) {
    const std::size_t at = header.rfind(mark);
    if (at == std::string::npos) return {};
    const std::size_t begin = at + mark.size();
    return header.substr(begin, std::min(header.find_first_of(" \t\r\n<", begin), header.size()) - begin);
  }

  void begin_body(EventList&) {
    std::string recipient = word_after(source_, "to=");
    constexpr std::string_view kPrefix = "functions.";
    if (recipient.starts_with(kPrefix)) recipient.erase(0, kPrefix.size());
    const bool is_call = takes_calls_ && !recipient.empty() && recipient != "user" && recipient != "all";
    if (is_call) {
      enter(Kind::call);
      name_ = std::move(recipient);
    } else {
      enter(word_after(source_, "<|channel|>") == "analysis" ? Kind::thought : Kind::text);
      source_.clear();
    }
  }

  void body(char c, EventList& out) {
    std::string before;
    const auto found = body_end_.feed(c, before);
    if (kind_ == Kind::call)
      for (const char each : before) argument(each, out);
    else
      say(before, kind_ == Kind::thought, out);
    if (!found) return;
    end_body(out);
    state_ = State::header;
    is_header_ = *found >= 3;
    source_ = is_header_ ? body_end_.marks()[*found] : std::string();
    header_begin_.reset();
    header_end_.reset();
  }

  void argument(char c, EventList& out) {
    if (kind_ != Kind::call) return say(std::string_view(&c, 1), false, out);
    source_ += c;
    if (over_) {
      if (!is_blank(c)) give_back(out);
      return;
    }
    std::string json;
    const Step step = arguments_.feed(c, json);
    if (step == Step::refused) return give_back(out);
    if (!json.empty()) {
      if (!out.call_open()) out.begin_call({}, name_);
      out.arguments(json);
    }
    if (step != Step::done) return;
    out.end_call();
    over_ = true;
    source_.clear();
  }

  // No call: its text as it is.
  void give_back(EventList& out) {
    kind_ = Kind::text;
    const std::string source = std::exchange(source_, {});
    if (out.call_open())
      out.break_call(source);
    else
      say(source, false, out);
  }

  void end_body(EventList& out) {
    if (kind_ == Kind::call && !over_) give_back(out);
    blanks_.clear();
    source_.clear();
  }

  // Blanks around each part are left out; parts of one kind are apart.
  void say(std::string_view text, bool is_thought, EventList& out) {
    bool& said_before = is_thought ? thought_before_ : text_before_;
    for (const char c : text) {
      if (is_blank(c)) {
        if (begun_) blanks_ += c;
        continue;
      }
      std::string piece = begun_ ? std::exchange(blanks_, {}) : said_before ? "\n\n" : "";
      piece += c;
      begun_ = said_before = true;
      if (is_thought)
        out.reasoning(piece);
      else
        out.text(piece);
    }
  }

  const bool takes_calls_;
  Literal header_begin_;
  Finder header_end_, body_end_;
  State state_ = State::header;
  Kind kind_ = Kind::text;
  bool is_header_ = false;
  bool begun_ = false, over_ = false;
  bool thought_before_ = false, text_before_ = false;
  std::string source_;  // of a header, and of a call that has not ended
  std::string name_, blanks_;
  ArgumentsCopy arguments_;
};

}  // namespace

std::unique_ptr<AnswerReader> make_harmony_reader(const AnswerFormat& format) {
  return std::make_unique<HarmonyReader>(format);
}

}  // namespace quern::engine::tools
