#include "server/api/openai/responses_document.hpp"

#include "server/api/json_fields.hpp"
#include "server/pipeline/json_cost.hpp"
#include "server/pipeline/read_document.hpp"
#include "server/pipeline/run_job.hpp"
#include "server/request_head.hpp"
#include "server/store/response_store.hpp"

#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

namespace quern::server {
namespace {

constexpr std::string_view kPrevious = "previous_response_id";

struct Wish {
  std::string previous;
  bool store = true;
};

Result<Wish> read_wish(const Document& document) {
  JsonFields fields(document.root, "");
  Wish out;
  fields.read(kPrevious, out.previous);
  fields.read("store", out.store);
  if (fields.failed()) return fields.finish().error();
  return out;
}

// As an array, whatever it was: a text is a message of the user.
json::array items_of(const json::value* input) {
  if (input == nullptr) return {};
  if (input->is_array()) return input->get_array();
  json::object part{{"type", "input_text"}, {"text", *input}};
  return {json::object{{"type", "message"}, {"role", "user"}, {"content", json::array{std::move(part)}}}};
}

// Each item of a stored response can be named.
std::string items_json(json::array items) {
  for (json::value& item : items) {
    json::object* const object = item.if_object();
    if (object != nullptr && !object->contains("id")) object->emplace("id", make_id("item_"));
  }
  return json::serialize(items);
}

Result<json::array> read_items(const std::string& text, std::size_t max_depth) {
  QUERN_TRY(json::value value, parse_json(text, max_depth));
  json::array* const array = value.if_array();
  if (array == nullptr) return fail(Errc::corrupt, "a stored response: want an array of items");
  return std::move(*array);
}

// What was said before, and then what the request says.
Result<std::shared_ptr<const Document>> continued(const Document& document, const std::string& previous,
                                                  const std::string& tenant, ServerState& state,
                                                  RequestMemory& memory) {
  const ServerLimits& limits = state.options.limits;
  const std::string field(kPrevious);
  QUERN_TRY(const std::vector<StoredResponse> chain,
            state.responses->chain(previous, tenant, field, limits.max_messages, limits.max_body_bytes));
  auto out = std::make_shared<Document>();
  out->n_bytes = document.n_bytes;
  for (const StoredResponse& one : chain) out->n_bytes += json_cost(one.input) + json_cost(one.response);
  QUERN_CHECK(memory.hold_work(out->n_bytes));
  json::array items;
  for (const StoredResponse& one : chain) {
    QUERN_TRY(json::array input, read_items(one.input, limits.max_json_depth));
    QUERN_TRY(json::value response, parse_json(one.response, limits.max_json_depth));
    for (json::value& item : input) items.push_back(std::move(item));
    json::object* const object = response.if_object();
    json::value* const output = object == nullptr ? nullptr : object->if_contains("output");
    if (output == nullptr || !output->is_array()) return fail(Errc::corrupt, "stored response {}: no output", one.id);
    for (json::value& item : output->get_array()) items.push_back(std::move(item));
  }
  out->root = document.root;
  out->wide = document.wide;
  for (json::value& item : items_of(document.root.if_contains("input"))) items.push_back(std::move(item));
  out->root["input"] = std::move(items);
  out->large = true;
  return std::shared_ptr<const Document>(std::move(out));
}

Result<ResponsesDocument> resolve(std::shared_ptr<const Document> document, Wish wish, const std::string& tenant,
                                  ServerState& state, RequestMemory& memory) {
  ResponsesDocument out{.document = document, .previous = std::move(wish.previous), .added = {}};
  if (wish.store && state.responses != nullptr) out.added = items_json(items_of(document->root.if_contains("input")));
  if (!out.previous.empty()) {
    QUERN_TRY(out.document, continued(*document, out.previous, tenant, state, memory));
  }
  return out;
}

std::string value_or(const json::object& root, std::string_view key, std::string_view otherwise) {
  const json::value* value = root.if_contains(json::string_view(key.data(), key.size()));
  return value == nullptr || value->is_null() ? std::string(otherwise) : json::serialize(*value);
}

}  // namespace

net::awaitable<Result<ResponsesDocument>> read_responses_document(Exchange& exchange, ServerState& state) {
  Result<std::shared_ptr<const Document>> document = co_await read_document(exchange, state);
  if (!document) co_return document.error();
  Result<Wish> wish = read_wish(**document);
  if (!wish) co_return wish.error();
  const bool keeps = wish->store && state.responses != nullptr;
  if (!wish->previous.empty() && state.responses == nullptr) {
    co_return fail_field(std::string(kPrevious), "this server keeps no responses (--response-store)");
  }
  // A number beyond 64 bits has no place in what is kept.
  if (keeps && !(*document)->wide.empty())
    co_return fail_field("store", "must be false for a request with whole numbers beyond 64 bits");
  const std::string tenant = exchange.tenant();
  if (wish->previous.empty() && !((*document)->large && keeps)) {
    co_return resolve(std::move(*document), std::move(*wish), tenant, state, *exchange.memory());
  }
  const std::uint64_t cost = (*document)->n_bytes;
  typename JobOf<ResponsesDocument>::Work work = [&state, memory = exchange.memory(), document = std::move(*document),
                                                  wish = std::move(*wish),
                                                  tenant](const std::atomic<bool>&) -> Result<ResponsesDocument> {
    return resolve(document, wish, tenant, state, *memory);
  };
  Result<ResponsesDocument> out = co_await run_job<ResponsesDocument>(exchange, state, std::move(work), cost, true);
  co_return out;
}

std::string response_echo(const Document& document, bool stored) {
  const json::object& root = document.root;
  const bool wide = !document.wide.empty();  // has numbers that cannot be written as they came
  std::string out;
  const auto add = [&](std::string_view key, std::string_view otherwise) {
    out.append(out.empty() ? "\"" : ",\"").append(key).append("\":");
    out += wide ? std::string(otherwise) : value_or(root, key, otherwise);
  };
  add("instructions", "null");
  add("max_output_tokens", "null");
  add("metadata", "{}");
  add("parallel_tool_calls", "true");
  add("previous_response_id", "null");
  add("reasoning", R"({"effort":null,"summary":null})");
  add("temperature", "null");
  add("text", R"({"format":{"type":"text"}})");
  add("tool_choice", "\"auto\"");
  add("tools", "[]");
  add("top_p", "null");
  add("truncation", "\"disabled\"");
  add("user", "null");
  out += stored ? ",\"store\":true" : ",\"store\":false";
  return out;
}

}  // namespace quern::server
