// GET /control/activity, GET /control/activity/{id}: what the activity log keeps of requests, the newest first.
// Errors: 400 a parameter, 404 no such row, 501 a server without a log.
#include "server/api/endpoints.hpp"
#include "server/http_error.hpp"
#include "server/pipeline/run_job.hpp"
#include "server/target.hpp"

#include <charconv>
#include <string>
#include <utility>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace quern::server {
namespace {

namespace json = boost::json;

constexpr std::uint32_t kMaxRows = 1000;

Error no_log() {
  return fail(Errc::unsupported, "this server keeps no activity log (see --activity-log)");
}

template <class T>
Status read_number(const std::string& text, const std::string& name, T min, T max, T& out) {
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, out);
  if (parsed.ec != std::errc() || parsed.ptr != end || out < min || out > max)
    return fail_field(name, "expected a number from {} to {}, found '{}'", min, max, text.substr(0, 32));
  return {};
}

Result<ActivityQuery> read_query(const std::string& query) {
  QUERN_TRY(const auto parameters, parse_query(query));
  ActivityQuery out;
  for (const auto& [name, value] : parameters) {
    if (name == "model") {
      out.model = value;
    } else if (name == "tenant") {
      out.tenant = value;
    } else if (name == "limit") {
      QUERN_CHECK(read_number<std::uint32_t>(value, name, 1, kMaxRows, out.limit));
    } else if (name == "before") {
      QUERN_CHECK(read_number<std::int64_t>(value, name, 1, INT64_MAX, out.before));
    } else if (name == "failed") {
      if (value != "true" && value != "false") return fail_field(name, "expected true or false, found '{}'", value);
      out.failed = value == "true";
    } else {
      return fail_field(name, "expected model, tenant, failed, before or limit");
    }
  }
  return out;
}

json::object row_json(const Activity& a) {
  const auto number = [](std::uint64_t value) { return json::value(value); };
  return {{"id", a.id},
          {"at", static_cast<double>(a.at_unix_ms) / 1000},
          {"request_id", a.request_id},
          {"tenant", a.tenant},
          {"endpoint", a.endpoint},
          {"model", a.model},
          {"status", a.status},
          {"finished", a.finished},
          {"error", a.error},
          {"prompt_tokens", number(a.prompt_tokens)},
          {"cached_tokens", number(a.cached_tokens)},
          {"completion_tokens", number(a.completion_tokens)},
          {"total_s", a.total_s},
          {"queued_s", a.queued_s},
          {"prefill_s", a.prefill_s},
          {"decode_s", a.decode_s},
          {"request_bytes", number(a.request_bytes)},
          {"answer_bytes", number(a.answer_bytes)}};
}

net::awaitable<void> reply_job(Exchange& exchange, ServerState& state, JobOf<std::string>::Work work) {
  Result<std::string> body = co_await run_job<std::string>(exchange, state, std::move(work), 1, true);
  Response response = body ? Response{.body = std::move(*body)} : error_response(body.error());
  co_await exchange.reply(std::move(response));
}

}  // namespace

net::awaitable<void> get_control_activity(Exchange& exchange, ServerState& state) {
  Result<ActivityQuery> query = state.activity ? read_query(exchange.head().query) : no_log();
  if (!query) {
    Response response = error_response(query.error());
    co_await exchange.reply(std::move(response));
    co_return;
  }
  JobOf<std::string>::Work work = [log = state.activity.get(),
                                   query = *query](const std::atomic<bool>&) -> Result<std::string> {
    QUERN_TRY(const std::vector<Activity> rows, log->recent(query));
    json::array out;
    for (const Activity& row : rows) out.push_back(row_json(row));
    return json::serialize(json::object{{"activity", std::move(out)}});
  };
  co_await reply_job(exchange, state, std::move(work));
}

net::awaitable<void> get_control_activity_row(Exchange& exchange, ServerState& state) {
  std::int64_t id = 0;
  Status asked = state.activity ? read_number<std::int64_t>(exchange.path_value(), "id", 1, INT64_MAX, id) : no_log();
  if (!asked) {
    Response response = error_response(asked.error());
    co_await exchange.reply(std::move(response));
    co_return;
  }
  JobOf<std::string>::Work work = [log = state.activity.get(), id](const std::atomic<bool>&) -> Result<std::string> {
    QUERN_TRY(const Activity row, log->find(id));
    json::object out = row_json(row);
    out["request"] = row.request;
    out["answer"] = row.answer;
    return json::serialize(out);
  };
  co_await reply_job(exchange, state, std::move(work));
}

}  // namespace quern::server
