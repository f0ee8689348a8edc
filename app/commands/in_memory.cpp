// `quern ps` and `quern stop`: which models a running server has in memory, and out with one. Threads: main.
#include "app/commands/commands.hpp"
#include "app/ctl/control_client.hpp"
#include "app/ctl/tables.hpp"
#include "app/model_store.hpp"
#include "app/socket_path.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace quern::app {
namespace {

namespace json = boost::json;

constexpr std::chrono::seconds kTimeout{5};  // these answers never wait for a step

Result<std::string> ask(const Options& options, const char* method, const char* target, std::string body = {}) {
  QUERN_TRY(const std::string socket, socket_to_connect(options.socket));
  QUERN_TRY(const ControlReply reply, ask_server(socket, method, target, kTimeout, std::move(body)));
  if (reply.status < 300) return reply.body;
  return fail(reply.status == 404 ? Errc::not_found : Errc::io, "the server answered {}: {}", reply.status,
              error_message(reply.body));
}

std::string text_of(const json::object& model, std::string_view key) {
  const json::value* const value = model.if_contains(json::string_view(key.data(), key.size()));
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

std::uint64_t number_of(const json::object& model, std::string_view key) {
  const json::value* const value = model.if_contains(json::string_view(key.data(), key.size()));
  return value != nullptr && value->is_number() ? static_cast<std::uint64_t>(value->to_number<double>()) : 0;
}

std::string until_text(const json::object& model) {
  const json::value* const left = model.if_contains("expires_in_s");
  if (left == nullptr || !left->is_number()) return "it stays";
  const auto s = static_cast<std::int64_t>(left->to_number<double>());
  if (s >= 3600) return fmt::format("{} h {} min", s / 3600, s % 3600 / 60);
  return s >= 60 ? fmt::format("{} min {} s", s / 60, s % 60) : fmt::format("{} s", s);
}

}  // namespace

Result<int> show_in_memory(const Options& options) {
  QUERN_TRY(const std::string body, ask(options, "GET", "/control/models"));
  boost::system::error_code error;
  const json::value parsed = json::parse(body, error);
  const json::value* const models = !error && parsed.is_object() ? parsed.get_object().if_contains("models") : nullptr;
  if (models == nullptr || !models->is_array()) return fail(Errc::corrupt, "the server's reply is no list of models");
  json::array there;
  for (const json::value& model : models->get_array()) {
    if (model.is_object() && text_of(model.get_object(), "state") != "absent") there.push_back(model);
  }
  if (options.json) {
    fmt::print("{}\n", json::serialize(json::object{{"models", there}}));
    return kExitOk;
  }
  std::size_t width = 4;
  for (const json::value& model : there) width = std::max(width, text_of(model.get_object(), "id").size());
  fmt::print("{:<{}}  {:>8}  {:<8}  {:>8}  {:<14}  {}\n", "NAME", width, "MEMORY", "STATE", "REQUESTS", "UNTIL", "WHY");
  for (const json::value& model : there) {
    const json::object& one = model.get_object();
    fmt::print("{:<{}}  {:>8}  {:<8}  {:>8}  {:<14}  {}\n", text_of(one, "id"), width,
               bytes_text(number_of(one, "bytes")), text_of(one, "state"), number_of(one, "requests"), until_text(one),
               text_of(one, "why"));
  }
  return kExitOk;
}

Result<int> stop_model(const Options& options) {
  for (const std::string& name : options.store.names) {
    QUERN_TRY(const std::string done,
              ask(options, "POST", "/v1/models/unload", json::serialize(json::object{{"model", name}})));
    if (options.json) fmt::print("{}\n", done);
  }
  return kExitOk;
}

}  // namespace quern::app
