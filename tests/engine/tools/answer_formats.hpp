// How tests set up parsers for a template. For tests.
#pragma once

#include "engine/tools/answer_parser.hpp"
#include "tests/engine/tools/template_cases.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace quern::test {

engine::tools::AnswerFormat answer_format(const engine::chat::Template& subject, const std::string& prompt);
std::vector<engine::tools::Event> parse(const engine::tools::AnswerFormat& format,
                                        const std::vector<std::string_view>& pieces);
std::vector<std::string_view> bytes_of(std::string_view text);
// One byte at a time, every single cut, and random cuts.
void expect_same_at_every_cut(const engine::tools::AnswerFormat& format, std::string_view text, const Said& whole);
// Whether it shows the calls of former turns.
bool shows_calls(const engine::chat::Template& subject);

}  // namespace quern::test
