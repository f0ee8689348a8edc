// Whatever a client may send: request bodies of every endpoint, request heads, targets, origins, and text cut by stop
// strings. Input: 1 byte mode, then the data. Invariants: a refusal has a message and its error reply is JSON; what was
// accepted is within limits; JSON survives being written and read again; stop strings do not depend on how a text was
// split; a body that was accepted ends where the parser thinks; only own and local pages are allowed.
#include "fuzz/http_edges.hpp"
#include "models/local/stop_filter.hpp"
#include "server/api/chat_turn.hpp"
#include "server/api/dialect.hpp"
#include "server/api/llama_server/completion_json.hpp"
#include "server/api/llama_server/completion_writer.hpp"
#include "server/api/llama_server/tokenize_json.hpp"
#include "server/api/openai/chat_json.hpp"
#include "server/api/openai/completions_json.hpp"
#include "server/http_error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace {

using namespace quern;

const server::ServerLimits kLimits;
const server::RequestRules kRules{kLimits, 32'000};

using fuzz::require;

template <class T>
void check_refusal(const Result<T>& result) {
  if (result) return;
  require(!result.error().detail.empty(), "an error without a message");
  const server::json::value reply = boost::json::parse(server::kOpenAi.error_body(server::http_error(result.error())));
  require(reply.at("error").at("message").is_string(), "an error reply without a message");
}

// What the parser of an endpoint makes of a body.
template <class T>
Result<T> parsed(std::string_view body, Result<T> (*parse)(const server::Document&, const server::RequestRules&)) {
  const Result<server::Document> document = server::parse_document(body, kLimits.max_json_depth);
  Result<T> request = document ? parse(*document, kRules) : Result<T>(document.error());
  check_refusal(request);
  return request;
}

void completion(std::string_view body) {
  const auto request = parsed(body, &server::parse_completion_request);
  if (!request) return;
  require(!request->prompts.empty(), "no prompt");
  require(request->prompts.size() * request->fields.n <= kLimits.max_choices, "too many choices");
  require(request->fields.stop.size() <= kLimits.max_stop_strings, "too many stop strings");
  require(bool(engine::sampling::validate(request->fields.sampling, kRules.n_vocab)), "sampling out of range");
}

void native(std::string_view body) {
  const auto request = parsed(body, &server::parse_native_request);
  if (!request) return;
  require(!request->prompts.empty(), "no prompt");
  require(request->prompts.size() * request->fields.n <= kLimits.max_choices, "too many choices");
  for (const auto& parts : request->prompts) require(!parts.empty(), "a prompt without parts");
  require(request->fields.logprobs.n_top <= engine::sampling::kTopTokensMax, "too many alternatives");
  const std::string settings = boost::json::serialize(server::native_settings(request->fields));
  require(boost::json::parse(settings).is_object(), "settings that are no JSON");
}

void infill(std::string_view body) {
  const auto request = parsed(body, &server::parse_infill_request);
  if (!request) return;
  require(!request->what.prefix.empty() && request->what.files.size() <= kLimits.max_messages, "files out of range");
}

void chat(std::string_view body) {
  const auto request = parsed(body, &server::parse_chat_request);
  if (!request) return;
  require(!request->conversation.messages.empty() && request->conversation.messages.size() <= kLimits.max_messages,
          "messages out of range");
  static const engine::chat::TemplateSet templates = engine::chat::TemplateSet::builtin("chatml").value();
  std::uint64_t n_steps = 0;
  check_refusal(server::check_template(request->conversation, templates));
  check_refusal(server::render_prompt(request->conversation, templates, {}, n_steps));
}

void document(std::string_view text) {
  const Result<server::json::value> value = server::parse_json(text, kLimits.max_json_depth);
  check_refusal(value);
  if (!value) return;
  const Result<server::json::value> again = server::parse_json(boost::json::serialize(*value), kLimits.max_json_depth);
  require(again && *again == *value, "JSON changed by being written and read");
}

// Lines: stop strings, an empty line, then the text. Odd bytes decide how it is split.
void stop_strings(std::string_view input) {
  std::vector<std::string> stops;
  while (stops.size() < kLimits.max_stop_strings) {
    const std::size_t end = input.find('\n');
    const std::string_view line = input.substr(0, end);
    input.remove_prefix(end == std::string_view::npos ? input.size() : end + 1);
    if (line.empty()) break;
    stops.emplace_back(line);
  }
  models::StopFilter whole(stops), split(stops);
  std::string at_once = whole.append(input);
  at_once += whole.flush();
  std::string in_pieces;
  for (std::size_t begin = 0, end = 1; begin < input.size(); ++end) {
    if (end < input.size() && (input[end] & 1) == 0) continue;
    in_pieces += split.append(input.substr(begin, end - begin));
    begin = end;
  }
  in_pieces += split.flush();
  require(at_once == in_pieces, "the split decides what is cut");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 1u << 20) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  switch (data[0]) {
    case 'c':
      completion(text);
      break;
    case 'n':
      native(text);
      break;
    case 'i':
      infill(text);
      break;
    case 'm':
      chat(text);
      break;
    case 't':
      parsed(text, &server::parse_tokenize_request);
      break;
    case 'd':
      parsed(text, &server::parse_detokenize_request);
      break;
    case 'j':
      document(text);
      break;
    case 'h':
      fuzz::request_head(text);
      break;
    case 'p':
      fuzz::target(text);
      break;
    case 'o':
      fuzz::origin(text);
      break;
    case 's':
      stop_strings(text);
      break;
    default:
      break;
  }
  return 0;
}
