// What a request asks, before any template, tokenizer or wire format of a particular server: what goes to models on
// other servers. Messages and tools have the members of OpenAI's chat API, which every dialect can be translated into.
// Threads: plain data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace quern::models {

struct RemoteAsk {
  // A conversation, or texts to go on with.
  bool chat = true;
  boost::json::array messages;  // role, content, reasoning_content, tool_calls (arguments as text), tool_call_id, name
  std::vector<std::string> prompts;  // of !chat: each one's answers are numbered one after the other

  boost::json::array tools;  // {"type": "function", "function": {...}}
  enum class Calls : std::uint8_t { automatic, required, named };
  Calls calls = Calls::automatic;
  std::string called_tool;  // of Calls::named
  bool parallel_calls = true;

  // What the answer is held to.
  enum class Form : std::uint8_t { free, json_object, json_schema, regex, choice, gbnf };
  Form form = Form::free;
  boost::json::value schema;  // of json_schema
  bool strict = false;
  std::string form_text;             // of regex and gbnf
  std::vector<std::string> choices;  // of choice

  boost::json::object sampling;                 // what the request itself says, under the names that it uses
  boost::json::object variables;                // of the upstream's chat template
  std::optional<std::uint32_t> thought_budget;  // 0: it should not think
  std::optional<std::uint32_t> max_tokens;      // of each answer; empty: as the upstream likes
  std::vector<std::string> stop;
  std::uint32_t n = 1;  // answers per prompt
  bool logprobs = false;
  std::uint32_t n_top = 0;

  std::uint32_t n_choices() const noexcept { return n * (chat ? 1 : static_cast<std::uint32_t>(prompts.size())); }
  std::uint64_t n_bytes = 0;  // of memory, about
};

}  // namespace quern::models
