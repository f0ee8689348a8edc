// From sample renderings of calls to the marks of their format. Threads: pure functions.
#pragma once

#include "engine/tools/tool.hpp"
#include "engine/tools/tool_format.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quern::engine::tools::probe {

// Occur in no template.
struct Words {
  static constexpr std::string_view question = "Qzquestion", answer = "Qzanswer", tool_a = "qztoola",
                                    tool_b = "qztoolb", key_a = "qzkeya", key_b = "qzkeyb", value_a = "Qzvaluea",
                                    value_b = "Qzvalueb", id_a = "qzid00001", id_b = "qzid00002";
};
inline constexpr std::string_view kOneArgument = R"({"qzkeya":"Qzvaluea"})";
inline constexpr std::string_view kTwoArguments = R"({"qzkeya":"Qzvaluea","qzkeyb":"Qzvalueb"})";
inline constexpr std::string_view kOtherArguments = R"({"qzkeya":true,"qzkeyb":["Qzvalueb"]})";
inline constexpr std::string_view kTools =
    R"([{"type":"function","function":{"name":"qztoola","description":"d","parameters":{"type":"object","properties":{"qzkeya":{"type":"string","description":"d"},"qzkeyb":{"type":"string","description":"d"}},"required":[]}}},{"type":"function","function":{"name":"qztoolb","description":"d","parameters":{"type":"object","properties":{"qzkeya":{"type":"string","description":"d"},"qzkeyb":{"type":"string","description":"d"}},"required":[]}}}])";

struct Call {
  std::string name, arguments;
};
std::vector<Tool> tools();

// What was rendered, without what belongs to the turn; empty: the template could not.
struct Samples {
  std::string none, one, two, other;  // arguments: none, one, two texts, two that are no texts
  std::string both;                   // two calls with two arguments each
};

// nullopt: the samples are not of that form.
std::optional<ToolFormat> read_json(const Samples& samples);
std::optional<ToolFormat> read_named_json(const Samples& samples);
std::optional<ToolFormat> read_pythonic(const Samples& samples);
std::optional<ToolFormat> read_parameters(const Samples& samples);

std::size_t common_prefix(std::string_view a, std::string_view b) noexcept;
std::size_t common_suffix(std::string_view a, std::string_view b) noexcept;
// Without marks with which a turn ends, which a template may write only after calls.
std::string_view without_turn_end(std::string_view text) noexcept;
// The end of a JSON value that begins at `at`; npos: there is none.
std::size_t json_end(std::string_view text, std::size_t at);
// "<a>", "</b>" of "<a>\nx</b>": whatever may be a token.
void add_marks_of(std::string_view text, std::vector<std::string>& marks);

}  // namespace quern::engine::tools::probe
