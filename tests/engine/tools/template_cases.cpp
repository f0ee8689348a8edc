#include "tests/engine/tools/template_cases.hpp"

#include "engine/chat/jinja/json.hpp"
#include "tests/engine/tools/canonical_json.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <sstream>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace quern::test {
namespace {

namespace chat = engine::chat;
namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

fs::path golden_directory() {
  const char* const given = std::getenv("QUERN_SHARED_DIR");
  const fs::path shared = given != nullptr ? given : fs::path(QUERN_SOURCE_DIR) / "../shared";
  const fs::path full = shared / "golden/chat/templates";
  return fs::exists(full) ? full : fs::path(QUERN_TEST_DATA_DIR) / "chat/templates";
}

constexpr std::string_view kTools = R"([
  {"name":"get_weather","description":"The weather","parameters":{"type":"object","properties":{
    "city":{"type":"string","description":"Which"},"unit":{"type":"string","enum":["celsius","fahrenheit"]}},"required":["city"]}},
  {"name":"write_file","description":"Writes","parameters":{"type":"object","properties":{
    "path":{"type":"string"},"text":{"type":"string"}},"required":["path","text"]}},
  {"name":"compute","description":"Numbers","parameters":{"type":"object","properties":{
    "a":{"type":"number"},"b":{"type":"number"},"c":{"type":"integer"},"precise":{"type":"boolean"},
    "nothing":{"type":["string","null"]}},"required":[]}},
  {"name":"nested","description":"Objects","parameters":{"type":"object","properties":{
    "options":{"type":"object"},"list":{"type":"array"}},"required":[]}},
  {"name":"ping","description":"Nothing","parameters":{"type":"object","properties":{}}}])";

}  // namespace

const std::vector<NamedTemplate>& all_templates() {
  static const std::vector<NamedTemplate> kAll = [] {
    std::vector<NamedTemplate> out;
    for (const fs::path& folder : {golden_directory(), fs::path(QUERN_TEST_DATA_DIR) / "tools"}) {
      for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.path().extension() != ".jinja") continue;
        auto parsed = chat::Template::parse(entry.path().stem(), read(entry.path()), {"<s>", "</s>"});
        if (!parsed) throw std::runtime_error(parsed.error().detail);
        out.push_back({entry.path().stem(), std::move(*parsed)});
      }
    }
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return out;
  }();
  return kAll;
}

const std::vector<NamedTemplate>& tool_templates() {
  static const std::vector<NamedTemplate> kAll = [] {
    std::vector<NamedTemplate> out = all_templates();
    std::erase_if(out, [](const auto& each) { return !each.value.takes_tools() && !each.value.traits().takes_calls; });
    return out;
  }();
  return kAll;
}

void PrintTo(const Said& said, std::ostream* out) {
  *out << "thought: " << said.reasoning << "\ntext: " << said.text << (said.broken ? " (broken)" : "");
  for (const Call& call : said.calls) *out << "\ncall " << call.name << call.arguments << " (" << call.id << ")";
}
void PrintTo(const Call& call, std::ostream* out) {
  *out << call.name << call.arguments << " (" << call.id << ")";
}

const std::vector<engine::tools::Tool>& tools() {
  static const std::vector<engine::tools::Tool> kAll = [] {
    std::vector<engine::tools::Tool> out;
    const boost::json::value parsed = boost::json::parse(std::string(kTools));
    for (const auto& tool : parsed.as_array())
      out.push_back({std::string(tool.at("name").as_string()), tool.at("parameters"), false});
    return out;
  }();
  return kAll;
}

std::string tools_json() {
  boost::json::array out;
  const boost::json::value parsed = boost::json::parse(std::string(kTools));
  for (const auto& tool : parsed.as_array()) out.push_back({{"type", "function"}, {"function", tool}});
  return boost::json::serialize(out);
}

std::string render(const chat::Template& subject, std::string_view messages, bool add_generation_prompt) {
  chat::Inputs inputs;
  inputs.messages = chat::jinja::parse_json(*inputs.heap, messages);
  inputs.tools = chat::jinja::parse_json(*inputs.heap, tools_json());
  inputs.add_generation_prompt = add_generation_prompt;
  auto out = subject.render(inputs);
  return out ? *out : std::string();
}

std::string call_message(const std::vector<Call>& calls, std::string_view content_json, bool arguments_as_text) {
  std::string out = "{\"role\":\"assistant\",\"content\":" + std::string(content_json);
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const std::string arguments =
        arguments_as_text ? boost::json::serialize(boost::json::string(calls[i].arguments)) : calls[i].arguments;
    out += (i == 0 ? ",\"tool_calls\":[" : ",");
    out += "{\"id\":\"" + calls[i].id + "\",\"type\":\"function\",\"function\":{\"name\":\"" + calls[i].name +
           "\",\"arguments\":" + arguments + "}}";
  }
  return out + (calls.empty() ? "}" : "]}");
}

Answer answer_of(const chat::Template& subject, const std::vector<Call>& calls, std::string_view content_json,
                 bool arguments_as_text) {
  const std::string question = R"({"role":"user","content":"Qzquestion"})";
  const std::string prompt = render(subject, "[" + question + "]", true);
  const std::string all =
      render(subject, "[" + question + "," + call_message(calls, content_json, arguments_as_text) + "]", false);
  const std::string plain =
      render(subject, "[" + question + "," + R"({"role":"assistant","content":"Qzanswer"})" + "]", false);
  if (all.empty() || prompt.empty()) return {};
  std::size_t begin = 0;
  while (begin < prompt.size() && begin < all.size() && prompt[begin] == all[begin]) ++begin;
  // A template may write thoughts that are over where the prompt lets them begin, or the other way round; the cut is
  // not in the middle of a mark.
  if (begin < prompt.size()) {
    const std::size_t question_end = all.rfind("Qzquestion") + 10;
    while (begin > question_end && all[begin - 1] != '>' && all[begin - 1] != ']' && all[begin - 1] != '\n') --begin;
  }
  std::string text = all.substr(begin);
  const std::size_t answered = plain.find("Qzanswer");
  if (answered != std::string::npos) {
    const std::string after = plain.substr(answered + 8);
    if (text.ends_with(after)) text.resize(text.size() - after.size());
  }
  // Ends of a turn that templates write only behind calls.
  for (const std::string_view end : {"<|END_OF_TURN_TOKEN|>", "<|tool_response>", "<|eom_id|>", "<|eot_id|>",
                                     "<|call|>", "<｜hy_eos:opensource｜>", "<|im_end|>\n", "<|eom|>"}) {
    if (text.ends_with(end)) text.resize(text.size() - end.size());
  }
  return {prompt.substr(0, begin), std::move(text)};
}

Said said(const std::vector<engine::tools::Event>& events, bool canonical) {
  using namespace engine::tools;
  Said out;
  for (const Event& event : events) {
    if (const auto* thought = std::get_if<Reasoning>(&event)) {
      out.reasoning += thought->text;
    } else if (const auto* text = std::get_if<Text>(&event)) {
      out.text += text->text;
    } else if (const auto* begin = std::get_if<CallBegin>(&event)) {
      out.calls.push_back({begin->name, {}, begin->id});
    } else if (const auto* piece = std::get_if<CallArguments>(&event)) {
      out.calls.at(piece->index).arguments += piece->json;
    } else if (const auto* end = std::get_if<CallEnd>(&event)) {
      if (canonical) out.calls.at(end->index).arguments = canonical_json(out.calls.at(end->index).arguments);
    } else if (const auto* broken = std::get_if<CallBroken>(&event)) {
      out.broken = true;
      out.text += broken->text;
    }
  }
  return out;
}

}  // namespace quern::test
