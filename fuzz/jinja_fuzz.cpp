// Arbitrary templates. Input: the template; after a line "---", JSON of the variables. Invariants: no crash, no failure
// without a message and a line; within small limits of steps, memory, output and depth; what was rendered once is
// rendered the same again.
#include "engine/chat/jinja/containers.hpp"
#include "engine/chat/jinja/json.hpp"
#include "engine/chat/jinja/program.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

using namespace quern::engine::chat;

constexpr jinja::Limits kLimits{
    .max_steps = 100'000, .max_bytes = 4u << 20, .max_output_bytes = 1u << 20, .max_depth = 200};
constexpr std::string_view kVariables =
    R"({"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":[{"type":"text","text":"äb c"}]},
    {"role":"assistant","content":null,"tool_calls":[{"id":"1","function":{"name":"f","arguments":{"a":[1,2.5,true]}}}]}],
    "tools":null,"add_generation_prompt":true,"bos_token":"<s>","n":7,"w":-123456789012345678901234567890,"f":-1e300,"x":[3,1,2],"d":{"b":1,"a":null}})";

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

jinja::Outcome<std::string> render(const jinja::Program& program, std::string_view json) {
  jinja::Heap heap(kLimits);
  jinja::Variables variables;
  try {
    const jinja::Value given = jinja::parse_json(heap, json);
    if (given.is(jinja::Kind::dict))
      for (const jinja::Dict::Entry& entry : given.as_dict().entries())
        variables.emplace_back(entry.key.text(), entry.value);
  } catch (const jinja::FailureException& e) {
    require(!e.failure.message.empty(), "bad JSON without a message");
  }
  auto out = program.render(heap, variables, std::tm{});
  require(heap.live_bytes() <= kLimits.max_bytes, "more memory than the limit");
  require(!out || out->size() <= kLimits.max_output_bytes, "more output than the limit");
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view source(reinterpret_cast<const char*>(data), size);
  std::string_view json = kVariables;
  if (const std::size_t line = source.find("\n---\n"); line != std::string_view::npos) {
    json = source.substr(line + 5);
    source = source.substr(0, line);
  }
  const auto program = jinja::Program::parse(source);
  if (!program) {
    require(!program.error().message.empty() && program.error().kind == jinja::FailureKind::syntax,
            "a bad syntax error");
    return 0;
  }
  const auto first = render(**program, json), second = render(**program, json);
  require(first.has_value() == second.has_value(), "renders once only");
  if (first) {
    require(*first == *second, "renders differently");
  } else {
    const bool may_be_empty = first.error().kind == jinja::FailureKind::raised;
    require(may_be_empty || !first.error().message.empty(), "a failure without a message");
  }
  return 0;
}
