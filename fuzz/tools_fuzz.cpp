// Arbitrary answers in every format of calls that the templates in tests/data have. Input: a byte that picks the
// format, a byte that picks where thoughts begin and how the answer is cut, then the answer. Invariants: no crash; the
// result of any cutting is that of the whole; arguments are the beginning of one JSON object and, of a call that has
// ended, all of it; an answer without calls is all there.
#include "engine/chat/template.hpp"
#include "engine/tools/answer_parser.hpp"
#include "engine/tools/json_copy.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/parse.hpp>

namespace {

using namespace quern::engine;
using namespace quern::engine::tools;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

struct Format {
  std::shared_ptr<const ToolFormat> calls;
  std::shared_ptr<const ReasoningFormat> reasoning;
};

const std::vector<Format>& formats() {
  static const std::vector<Format> kAll = [] {
    std::vector<std::filesystem::path> paths;
    for (const char* const folder : {"/tools", "/chat/templates"}) {
      for (const auto& entry : std::filesystem::directory_iterator(std::string(QUERN_TEST_DATA_DIR) + folder))
        if (entry.path().extension() == ".jinja") paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    std::vector<Format> out;
    for (const auto& path : paths) {
      std::ifstream in(path, std::ios::binary);
      std::stringstream source;
      source << in.rdbuf();
      const auto parsed = chat::Template::parse(path.stem(), source.str(), {"<s>", "</s>"});
      require(parsed.has_value(), "a template");
      Format format;
      if (auto calls = find_tool_format(*parsed); calls) format.calls = std::make_shared<ToolFormat>(std::move(*calls));
      if (auto thoughts = find_reasoning_format(*parsed); thoughts)
        format.reasoning = std::make_shared<ReasoningFormat>(std::move(*thoughts));
      if (format.calls != nullptr) out.push_back(std::move(format));
    }
    return out;
  }();
  return kAll;
}

std::shared_ptr<const ToolTable> tools_of_request() {
  static const auto kTable = [] {
    const char* const schema =
        R"({"properties":{"s":{"type":"string"},"n":{"type":"number"},"b":{"type":["boolean","null"]},"x":{}}})";
    const std::vector<Tool> tools{{"f", boost::json::parse(schema), false},
                                  {"get_weather", boost::json::value(), false}};
    return std::make_shared<const ToolTable>(tools);
  }();
  return kTable;
}

// Everything that was said, in one text.
std::string read(const AnswerFormat& format, std::string_view answer, std::uint32_t cut, std::string& text) {
  AnswerParser parser(format);
  std::string out;
  std::vector<std::string> arguments;
  bool in_arguments = false;
  const auto add = [&](const std::vector<Event>& events) {
    for (const Event& event : events) {
      if (!std::holds_alternative<CallArguments>(event)) in_arguments = false;
      if (const auto* thought = std::get_if<Reasoning>(&event)) {
        out += "\x01r" + thought->text;
      } else if (const auto* piece = std::get_if<Text>(&event)) {
        text += piece->text;
      } else if (const auto* begin = std::get_if<CallBegin>(&event)) {
        require(begin->index == arguments.size(), "calls count up");
        out +=
            "\x01"
            "c" +
            begin->name + "\x01" + begin->id;
        arguments.emplace_back();
      } else if (const auto* more = std::get_if<CallArguments>(&event)) {
        arguments.at(more->index) += more->json;
      } else if (const auto* end = std::get_if<CallEnd>(&event)) {
        const std::string& all = arguments.at(end->index);
        require(all.starts_with('{') && is_json(all), "arguments that are no JSON object");
        out +=
            "\x01"
            "e" +
            all;
      } else if (const auto* broken = std::get_if<CallBroken>(&event)) {
        JsonCopy copy;
        std::string ignored;
        for (const char c : arguments.at(broken->index))
          require(copy.feed(c, ignored) != Step::refused, "arguments that are no beginning of an object");
        out +=
            "\x01"
            "b" +
            arguments.at(broken->index) + "\x01" + broken->text;
      }
    }
  };
  for (std::size_t at = 0; at < answer.size();) {
    std::size_t n = answer.size() - at;
    if (cut != 0) {
      cut = cut * 1664525 + 1013904223;
      n = std::min<std::size_t>(n, 1 + (cut >> 24) % 7);
    }
    add(parser.append(answer.substr(at, n)));
    at += n;
  }
  add(parser.finish());
  return out;
}

// Pieces of thoughts are marked one by one: without the marks they are the same.
std::string without_marks(std::string text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x01' && i + 1 < text.size() && text[i + 1] == 'r')
      ++i;
    else
      out += text[i];
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const Format& chosen = formats()[data[0] % formats().size()];
  AnswerFormat format{.calls = chosen.calls, .tools = tools_of_request()};
  if ((data[1] & 1) != 0) format.reasoning = chosen.reasoning;
  format.start = (data[1] & 2) != 0 ? ThinkingStart::inside : ThinkingStart::before;
  const std::string_view answer(reinterpret_cast<const char*>(data) + 2, size - 2);
  std::string text, text_of_bytes;
  const std::string whole = read(format, answer, 0, text);
  const std::string cut = read(format, answer, data[1] | 1u, text_of_bytes);
  require(without_marks(whole) == without_marks(cut) && text == text_of_bytes, "the result depends on the cutting");
  const bool plain =
      format.reasoning == nullptr && chosen.calls->syntax != Syntax::harmony && !chosen.calls->recipients;
  if (plain && whole.empty()) require(text == answer, "text is lost");
  return 0;
}
