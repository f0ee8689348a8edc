// What a template writes for calls with names, keys and values that occur nowhere else, and which marks stand between
// them. A result is only given if a parser for it reads the very renderings back.
#include "engine/chat/jinja/json.hpp"
#include "engine/tools/call_parser.hpp"
#include "engine/tools/probe_marks.hpp"
#include "engine/tools/tool_format.hpp"

#include <algorithm>

#include <boost/json/parse.hpp>

namespace quern::engine::tools {
namespace {

namespace json = boost::json;
namespace jinja = chat::jinja;
using probe::Words;

// The assistant's part of a rendering: what stands behind the question.
std::optional<std::string> answer_of(const chat::Template& subject, const std::string& assistant) {
  chat::Inputs inputs(jinja::Limits{.max_steps = 500'000});
  try {
    inputs.messages = jinja::parse_json(
        *inputs.heap, fmt::format(R"([{{"role":"user","content":"{}"}},{}])", Words::question, assistant));
    inputs.tools = jinja::parse_json(*inputs.heap, probe::kTools);
  } catch (const jinja::FailureException&) {
    return std::nullopt;
  }
  inputs.add_generation_prompt = false;
  const auto out = subject.render(inputs);
  if (!out) return std::nullopt;
  const std::size_t found = out->rfind(Words::question);
  if (found == std::string::npos) return std::nullopt;
  return out->substr(found + Words::question.size());
}

std::string call_json(std::string_view id, std::string_view name, std::string_view arguments) {
  return fmt::format(R"({{"id":"{}","type":"function","function":{{"name":"{}","arguments":{}}}}})", id, name,
                     arguments);
}

std::optional<std::string> answer_with(const chat::Template& subject, const std::string& calls) {
  return answer_of(subject, fmt::format(R"({{"role":"assistant","content":null,"tool_calls":[{}]}})", calls));
}

// Where the answer itself begins and how many bytes at its end are the end of the turn, by comparison with an answer
// that is only text.
class Frame {
 public:
  explicit Frame(const std::string& text_answer) {
    const std::size_t at = text_answer.find(Words::answer);
    before_ = text_answer.substr(0, std::min(at, text_answer.size()));
    if (at != std::string::npos) after_ = text_answer.substr(at + Words::answer.size());
  }

  std::string body(std::string_view answer) const {
    std::size_t n = probe::common_prefix(before_, answer);
    if (n < before_.size()) {
      // Not in the middle of a mark.
      while (n > 0 && answer[n - 1] != '>' && answer[n - 1] != ']' && answer[n - 1] != '\n') --n;
    }
    answer.remove_prefix(n);
    std::size_t tail = probe::common_suffix(after_, answer);
    if (tail < after_.size()) {
      const std::size_t mark = answer.find_first_of("<[", answer.size() - tail);
      tail = mark == std::string_view::npos ? 0 : answer.size() - mark;
    }
    answer.remove_suffix(tail);
    return std::string(probe::without_turn_end(trimmed(answer)));
  }

 private:
  std::string before_, after_;
};

// Whether a parser for the format finds these calls in what was rendered.
bool reads_back(const ToolFormat& format, std::string_view body, const std::vector<probe::Call>& calls) {
  static const std::vector<Tool> kTools = probe::tools();
  CallParser parser(std::make_shared<ToolFormat>(format), std::make_shared<ToolTable>(kTools));
  EventList out;
  parser.append(body, out);
  parser.finish(out);
  std::vector<probe::Call> found;
  for (const Event& event : out.take()) {
    if (const auto* begin = std::get_if<CallBegin>(&event))
      found.push_back({begin->name, {}});
    else if (const auto* piece = std::get_if<CallArguments>(&event))
      found.back().arguments += piece->json;
    else if (!std::holds_alternative<CallEnd>(event))
      return false;
  }
  if (found.size() != calls.size()) return false;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    boost::system::error_code a, b;
    const json::value want = json::parse(calls[i].arguments, a), have = json::parse(found[i].arguments, b);
    if (found[i].name != calls[i].name || a || b || want != have) return false;
  }
  return true;
}

void add_marks(ToolFormat& format) {
  std::vector<std::string> texts{format.section_begin,      format.section_end,         format.between,
                                 format.json_open,          format.json_close,          format.parameters.begin,
                                 format.parameters.key_end, format.parameters.value_end};
  for (const ToolFormat::Piece& piece : format.call) texts.push_back(piece.text);
  for (const std::string& text : texts) probe::add_marks_of(text, format.marks);
}

// What is read byte by byte against them must not become slow by a template of enormous marks.
bool has_short_marks(const ToolFormat& format) {
  const auto is_short = [](const std::string& text) { return text.size() <= kMaxMarkBytes; };
  const ToolFormat::Parameters& p = format.parameters;
  for (const std::string* text : {&format.section_begin, &format.section_end, &format.between, &format.json_open,
                                  &format.json_close, &p.begin, &p.key_end, &p.value_end, &p.key_end_literal, &p.gap})
    if (!is_short(*text)) return false;
  return std::all_of(format.call.begin(), format.call.end(),
                     [&](const ToolFormat::Piece& piece) { return is_short(piece.text); });
}

// Models of Meta may begin calls with a token that their templates do not write.
void add_optional_mark(ToolFormat& format, std::string_view source) {
  if (source.find("<|start_header_id|>") != std::string_view::npos)
    format.optional_mark = "<|python_tag|>";
  else if (source.find("<|header_start|>") != std::string_view::npos)
    format.optional_mark = "<|python_start|>";
  else
    return;
  format.marks.push_back(format.optional_mark);
}

}  // namespace

std::optional<ToolFormat> probe_tool_format(const chat::Template& subject) {
  const auto text = answer_of(subject, fmt::format(R"({{"role":"assistant","content":"{}"}})", Words::answer));
  const auto none = answer_with(subject, call_json(Words::id_a, Words::tool_a, "{}"));
  const auto one = answer_with(subject, call_json(Words::id_a, Words::tool_a, probe::kOneArgument));
  const auto two = answer_with(subject, call_json(Words::id_a, Words::tool_a, probe::kTwoArguments));
  const auto other = answer_with(subject, call_json(Words::id_a, Words::tool_a, probe::kOtherArguments));
  const auto both = answer_with(subject, call_json(Words::id_a, Words::tool_a, probe::kTwoArguments) + "," +
                                             call_json(Words::id_b, Words::tool_b, probe::kTwoArguments));
  if (!text || !two) return std::nullopt;
  const Frame frame(*text);
  probe::Samples samples;
  samples.two = frame.body(*two);
  if (one) samples.one = frame.body(*one);
  if (none) samples.none = frame.body(*none);
  if (other) samples.other = frame.body(*other);
  if (both) samples.both = frame.body(*both);
  constexpr std::size_t kMaxSampleBytes = 16384;
  if (samples.two.size() > kMaxSampleBytes || samples.both.size() > kMaxSampleBytes) return std::nullopt;
  const bool shows_both = samples.both.find(Words::tool_b) != std::string::npos;
  if (!shows_both || subject.traits().single_call) samples.both.clear();
  for (auto* const read :
       {&probe::read_json, &probe::read_named_json, &probe::read_pythonic, &probe::read_parameters}) {
    std::optional<ToolFormat> format = read(samples);
    if (!format || !has_short_marks(*format)) continue;
    format->family = "probed";
    format->parallel = !samples.both.empty();
    format->ids = subject.traits().call_ids;
    const probe::Call first{std::string(Words::tool_a), std::string(probe::kTwoArguments)};
    const probe::Call second{std::string(Words::tool_b), std::string(probe::kTwoArguments)};
    if (!reads_back(*format, samples.two, {first})) continue;
    if (format->parallel && !reads_back(*format, samples.both, {first, second})) continue;
    add_marks(*format);
    if (format->bare) add_optional_mark(*format, subject.source());
    return format;
  }
  return std::nullopt;
}

}  // namespace quern::engine::tools
