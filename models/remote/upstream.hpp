// Another server that answers for this one: where it is, what it speaks, how patient to be with it. Threads: plain
// data, const after creation. The key is in memory only; it is in no message.
#pragma once

#include "base/clock.hpp"
#include "net/url.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace quern::models {

enum class UpstreamKind : std::uint8_t { openai, ollama, anthropic };
const char* upstream_kind_name(UpstreamKind kind) noexcept;

struct Upstream {
  quern::net::Url url;  // what its paths are below: "https://cluster.example/v1" for openai
  UpstreamKind kind = UpstreamKind::openai;
  std::string model;    // its name there
  std::string key;      // empty: none
  std::string key_env;  // the variable that it comes from, for messages
  std::string unix_socket;
  Duration head = std::chrono::minutes(5);      // until the answer begins: long prompts take their time
  Duration silence = std::chrono::seconds(60);  // between two parts of it
  std::uint32_t max_running = 1024;             // requests that it gets at once from here
  std::uint32_t max_tokens = 4096;              // of an answer, where the kind wants a number and the request has none
  std::uint32_t context = 0;                    // tokens, as clients are told; 0: not known
  bool embeds = false;                          // makes vectors, instead of text
  std::uint32_t width = 0;                      // of a vector

  std::string name() const { return unix_socket.empty() ? url.origin() : unix_socket; }  // for operators
};

// Errors: bad_input.
Result<UpstreamKind> parse_upstream_kind(std::string_view text);

}  // namespace quern::models
