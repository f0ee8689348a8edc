// What is kept of /v1/responses: GET and DELETE of one, its input items, POST .../cancel. Errors: 400, 404.
#include "server/api/endpoints.hpp"
#include "server/api/json_text.hpp"
#include "server/http_error.hpp"
#include "server/pipeline/run_job.hpp"
#include "server/store/response_store.hpp"
#include "server/target.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

namespace quern::server {
namespace {

constexpr const char* kField = "response_id";

using StoreWork = std::function<Result<std::string>(ResponseStore& store)>;

// `what` of the store, on a helper thread: the database may be on a disk.
net::awaitable<void> reply_stored(Exchange& exchange, ServerState& state, StoreWork what) {
  Result<std::string> body = fail(Errc::not_found, "this server keeps no responses (--response-store)");
  if (state.responses != nullptr) {
    JobOf<std::string>::Work work = [&state, what = std::move(what)](const std::atomic<bool>&) {
      return what(*state.responses);
    };
    Result<std::string> made = co_await run_job<std::string>(exchange, state, std::move(work), 1, false);
    body = std::move(made);
  }
  Response response = body ? Response{.body = std::move(*body)} : error_response(body.error());
  co_await exchange.reply(std::move(response));
}

struct Page {
  std::size_t limit = 20;
  bool ascending = false;
  std::string after;
};

Result<Page> read_page(const RequestHead& head) {
  Page out;
  QUERN_TRY(const auto query, parse_query(head.query));
  for (const auto& [key, value] : query) {
    if (key == "limit") {
      const auto parsed = std::from_chars(value.data(), value.data() + value.size(), out.limit);
      if (parsed.ec != std::errc() || parsed.ptr != value.data() + value.size() || out.limit < 1 || out.limit > 100)
        return fail_field("limit", "expected 1 to 100, found '{}'", value);
    } else if (key == "order") {
      if (value != "asc" && value != "desc") return fail_field("order", "expected asc or desc, found '{}'", value);
      out.ascending = value == "asc";
    } else if (key == "after") {
      out.after = value;
    }
  }
  return out;
}

Result<std::string> items_page(const StoredResponse& stored, const Page& page, std::size_t max_depth) {
  QUERN_TRY(json::value value, parse_json(stored.input, max_depth));
  json::array items = std::move(value.as_array());
  if (!page.ascending) std::ranges::reverse(items);
  const auto id_of = [](const json::value& item) {
    const json::value* id = item.is_object() ? item.get_object().if_contains("id") : nullptr;
    return id != nullptr && id->is_string() ? std::string(id->get_string().data(), id->get_string().size())
                                            : std::string();
  };
  std::size_t begin = 0;
  if (!page.after.empty()) {
    const auto found = std::ranges::find(items, page.after, id_of);
    if (found == items.end()) return fail_field("after", "no item of this response has the id '{}'", page.after);
    begin = static_cast<std::size_t>(found - items.begin()) + 1;
  }
  const std::size_t end = std::min(items.size(), begin + page.limit);
  json::array shown(items.begin() + static_cast<std::ptrdiff_t>(begin),
                    items.begin() + static_cast<std::ptrdiff_t>(end));
  json::object out{{"object", "list"}, {"has_more", end < items.size()}};
  out["first_id"] = shown.empty() ? json::value() : json::value(json::string(id_of(shown.front())));
  out["last_id"] = shown.empty() ? json::value() : json::value(json::string(id_of(shown.back())));
  out["data"] = std::move(shown);
  return json::serialize(out);
}

}  // namespace

net::awaitable<void> get_response(Exchange& exchange, ServerState& state) {
  StoreWork work = [id = exchange.path_value(),
                    tenant = exchange.tenant()](ResponseStore& store) -> Result<std::string> {
    QUERN_TRY(StoredResponse found, store.find(id, tenant, kField));
    return std::move(found.response);
  };
  co_await reply_stored(exchange, state, std::move(work));
}

net::awaitable<void> delete_response(Exchange& exchange, ServerState& state) {
  StoreWork work = [id = exchange.path_value(),
                    tenant = exchange.tenant()](ResponseStore& store) -> Result<std::string> {
    QUERN_CHECK(store.remove(id, tenant, kField));
    return "{" + text_field("id", id) + R"(,"object":"response","deleted":true})";
  };
  co_await reply_stored(exchange, state, std::move(work));
}

// Only what runs in the background could be cancelled so; others end when their client leaves.
net::awaitable<void> cancel_response(Exchange& exchange, ServerState& state) {
  StoreWork work = [id = exchange.path_value(),
                    tenant = exchange.tenant()](ResponseStore& store) -> Result<std::string> {
    QUERN_TRY([[maybe_unused]] const StoredResponse found, store.find(id, tenant, kField));
    return fail_field(kField,
                      "{} has ended: only responses with background: true, which this server does not support, "
                      "can be cancelled",
                      id);
  };
  co_await reply_stored(exchange, state, std::move(work));
}

net::awaitable<void> get_response_input(Exchange& exchange, ServerState& state) {
  Result<Page> page = read_page(exchange.head());
  if (!page) {
    Response response = error_response(page.error());
    co_await exchange.reply(std::move(response));
    co_return;
  }
  StoreWork work = [id = exchange.path_value(), tenant = exchange.tenant(), page = std::move(*page),
                    max_depth = state.options.limits.max_json_depth](ResponseStore& store) -> Result<std::string> {
    QUERN_TRY(const StoredResponse found, store.find(id, tenant, kField));
    return items_page(found, page, max_depth);
  };
  co_await reply_stored(exchange, state, std::move(work));
}

}  // namespace quern::server
