// Renders a template for a test.
#pragma once

#include "engine/chat/jinja/containers.hpp"
#include "engine/chat/jinja/json.hpp"
#include "engine/chat/jinja/program.hpp"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace quern::engine::chat::jinja {

// Variables are the entries of a JSON object.
inline Outcome<std::string> try_render(std::string_view source, std::string_view variables = "{}",
                                       const Limits& limits = {}) {
  auto program = Program::parse(source);
  if (!program) return program.error();
  std::tm now{};
  now.tm_year = 126;
  now.tm_mday = 2;
  Heap heap(limits);
  Variables given;
  const Value object = parse_json(heap, variables);
  for (const Dict::Entry& entry : object.as_dict().entries()) given.emplace_back(entry.key.text(), entry.value);
  return (*program)->render(heap, given, now);
}

inline std::string render(std::string_view source, std::string_view variables = "{}") {
  const Outcome<std::string> out = try_render(source, variables);
  return out ? *out : "line " + std::to_string(out.error().line) + ": " + out.error().message;
}

// What it fails with; an empty message where it does not.
inline Failure failure_of(std::string_view source, std::string_view variables = "{}", const Limits& limits = {}) {
  const Outcome<std::string> out = try_render(source, variables, limits);
  EXPECT_FALSE(out) << source << " gave " << *out;
  return out ? Failure{} : out.error();
}

}  // namespace quern::engine::chat::jinja
