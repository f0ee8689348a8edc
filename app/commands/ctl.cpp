// `quern ctl`: asks a running server over its Unix socket. Threads: main.
#include "app/commands/commands.hpp"
#include "app/ctl/control_client.hpp"
#include "app/ctl/tables.hpp"
#include "app/socket_path.hpp"

#include <string>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace quern::app {
namespace {

constexpr std::chrono::seconds kTimeout{5};  // these answers never wait for a step

struct Verb {
  std::string_view name;
  const char* method;
  std::string_view target;  // "{}" is the request's id
  Result<std::string> (*table)(std::string_view json);
};

// The columns that fit beside each other.
Result<std::string> activity_table(std::string_view text) {
  namespace json = boost::json;
  boost::system::error_code error;
  const json::value parsed = json::parse(text, error);
  const json::value* const rows = !error && parsed.is_object() ? parsed.get_object().if_contains("activity") : nullptr;
  if (rows == nullptr || !rows->is_array()) return object_table(text);  // one row, with all it has
  json::array out;
  for (const json::value& row : rows->get_array()) {
    if (!row.is_object()) continue;
    json::object shown;
    for (const char* const key : {"id", "request_id", "tenant", "model", "endpoint", "status", "prompt_tokens",
                                  "cached_tokens", "completion_tokens", "queued_s", "total_s", "error"}) {
      if (const json::value* const value = row.get_object().if_contains(key)) shown[key] = *value;
    }
    out.push_back(std::move(shown));
  }
  return rows_table(json::serialize(out));
}

constexpr Verb kVerbs[] = {
    {"status", "GET", "/control/status", &object_table},
    {"models", "GET", "/control/models", &rows_table},
    {"requests", "GET", "/control/requests", &rows_table},
    {"history", "GET", "/control/history", &rows_table},
    {"activity", "GET", "/control/activity", &activity_table},
    {"request", "GET", "/control/requests/{}", &object_table},
    {"cancel", "POST", "/control/requests/{}/cancel", &object_table},
    {"drain", "POST", "/control/drain", &object_table},
};

const Verb& find_verb(std::string_view name) {
  for (const Verb& verb : kVerbs) {
    if (verb.name == name) return verb;
  }
  return kVerbs[0];  // the option table lets no other name through
}

}  // namespace

Result<int> ctl(const Options& options) {
  const Verb& verb = find_verb(options.ctl.verb);
  QUERN_TRY(const std::string socket, socket_to_connect(options.socket));
  std::string target = fmt::format(fmt::runtime(verb.target), options.ctl.id);
  if (verb.name == "activity" && options.ctl.id != 0) target += fmt::format("/{}", options.ctl.id);
  QUERN_TRY(const ControlReply reply, ask_server(socket, verb.method, target, kTimeout));
  if (reply.status >= 300) {
    return fail(reply.status == 404 ? Errc::not_found : Errc::io, "ctl {}: the server answered {}: {}", verb.name,
                reply.status, error_message(reply.body));
  }
  if (options.json) {
    fmt::print("{}\n", reply.body);
    return kExitOk;
  }
  QUERN_TRY(const std::string text, verb.table(reply.body));
  fmt::print("{}", text);
  return kExitOk;
}

}  // namespace quern::app
