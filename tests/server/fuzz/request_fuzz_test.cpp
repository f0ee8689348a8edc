// Random requests for every endpoint of every dialect: an answer or an error of the client's, in the dialect's own
// shape and with the name of a field, never the server's fault; at the end nothing is held (the harness looks).
// QUERN_FUZZ_REQUESTS=1000000 tries more of them, QUERN_FUZZ_SEED others.
#include "server/routes.hpp"
#include "tests/server/fuzz/mutator.hpp"
#include "tests/server/fuzz/seeds.hpp"
#include "tests/server/server_harness.hpp"

#include <cctype>
#include <cstdlib>

#include <boost/json/serialize.hpp>

namespace quern::test {
namespace {

constexpr const char* kTemplate =
    "{% if tools %}{{ tools|tojson }}{{ tool_choice }}{% endif %}{% for m in messages %}<{{ m.role }}>{{ m.content }}"
    "{{ m.reasoning_content }}{% for c in m.tool_calls or [] %}[{{ c.function.name }} {{ c.function.arguments|tojson "
    "}}]"
    "{% endfor %}{% endfor %}";

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}
std::uint64_t n_requests(std::uint64_t usual) {
  return setting("QUERN_FUZZ_REQUESTS", usual);
}
Mutator mutator(std::uint64_t which) {
  return Mutator(setting("QUERN_FUZZ_SEED", 1) * 1000 + which);
}

ServerHarnessOptions harness_options() {
  ServerHarnessOptions options;
  options.chat_template = kTemplate;
  options.backend.n_pages = 16'000;
  options.backend.limits.max_context = 12'000;
  options.backend.limits.max_tokens_per_step = 4096;
  options.scheduler.prefill_tokens_per_step = 4096;
  options.server.limits.max_tokens_default = 2;
  return options;
}

std::string shown(std::string_view text) {
  const bool cut = text.size() > 1500;
  return json::serialize(json::string(text.substr(0, 1500))) + (cut ? "..." : "");
}

// An object whose members have names of their own: what the server has to say about it concerns one of its fields.
bool is_object(const std::string& body) {
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 32;
  const json::value value = json::parse(body, error, {}, options);
  return !error && value.is_object();
}

bool begins_with_field(std::string_view message) {
  const std::size_t end = message.find_first_of(": ");
  return end != std::string_view::npos && end > 0 && (std::islower(static_cast<unsigned char>(message[0])) != 0);
}

// Empty: an error as the dialect has them. must_name: a field.
std::string problem_of(const server::Dialect& dialect, const Reply& reply, bool must_name) {
  boost::system::error_code failed;
  const json::value body = json::parse(reply.body, failed);
  if (failed || !body.is_object()) return "not a JSON object";
  const json::value* const error = body.as_object().if_contains("error");
  if (error == nullptr) return "no error";
  if (dialect.name == "ollama") {
    if (!error->is_string() || error->get_string().empty()) return "error is no text";
    return must_name && !begins_with_field(error->get_string()) ? "names no field" : "";
  }
  if (!error->is_object()) return "error is no object";
  const json::value* const message = error->get_object().if_contains("message");
  const json::value* const type = error->get_object().if_contains("type");
  if (message == nullptr || !message->is_string() || message->get_string().empty()) return "no message";
  if (type == nullptr || !type->is_string() || type->get_string().empty()) return "no type";
  if (dialect.name == "anthropic") {
    if (body.as_object().at("type") != "error") return "type is not error";
    return must_name && !begins_with_field(message->get_string()) ? "names no field" : "";
  }
  const json::value* const param = error->get_object().if_contains("param");
  if (param == nullptr || error->get_object().if_contains("code") == nullptr) return "no param or no code";
  return must_name && !param->is_string() ? "names no field" : "";
}

const server::Dialect& dialect_of(std::string_view path) {
  const auto found = server::find_route(path.substr(0, path.find('?')), server::beast::http::verb::post, true);
  return found.route != nullptr ? *found.route->dialect : server::dialect_of(path);
}

// Whether a request with this body may be answered so.
void check(const std::string& path, const std::string& body, const Reply& reply) {
  if (reply.status >= 200 && reply.status < 300) {
    EXPECT_EQ(reply.body.find("internal_error"), std::string::npos) << path << " " << shown(body);
    return;
  }
  // 501: of what this server has no store of models for, or does not do.
  const bool of_client = (reply.status >= 400 && reply.status < 500) || reply.status == 503 || reply.status == 501;
  EXPECT_TRUE(of_client) << path << " " << shown(body) << "\n-> " << reply.status << " " << reply.body;
  const bool is_json = reply.body.find("JSON: ") == std::string::npos && is_object(body);
  const std::string problem = problem_of(dialect_of(path), reply, reply.status == 400 && is_json);
  EXPECT_EQ(problem, "") << path << " " << shown(body) << "\n-> " << reply.status << " " << reply.body;
}

void expect_idle(ServerHarness& server) {
  EXPECT_EQ(server.get("/health").status, 200);
  server.eventually_all_pages_free();
}

TEST(RequestFuzz, Bodies) {
  ServerHarness server(harness_options());
  Mutator random = mutator(1);
  const std::vector<RequestSeed> seeds = request_seeds();
  std::optional<HttpClient> client;
  std::uint64_t n_answered = 0;
  const std::uint64_t n = n_requests(1500);
  for (std::uint64_t i = 0; i < n && !::testing::Test::HasFailure(); ++i) {
    const RequestSeed& seed = seeds[i % seeds.size()];
    const std::string body = i < seeds.size() ? json::serialize(seed.body) : random.body(seed.body);
    if (!client) client.emplace(server.tcp());
    client->post(seed.path, body);
    const Reply reply = client->read_reply();
    check(seed.path, body, reply);
    if (reply.header("connection") == "close") client.reset();
    n_answered += reply.status == 200 ? 1 : 0;
  }
  std::printf("%llu of %llu requests answered\n", static_cast<unsigned long long>(n_answered),
              static_cast<unsigned long long>(n));
  EXPECT_TRUE(HasFailure() || n_answered > n / 20) << "what is refused at once tests little";
  expect_idle(server);
}

std::string request(Mutator& random, const RequestSeed& seed, std::string_view id) {
  constexpr const char* kTypes[]{"application/json", "application/json; charset=utf-8", "text/plain",
                                 "multipart/form-data; boundary=x", ""};
  const std::string type = kTypes[random.below(std::size(kTypes))];
  std::string out = fmt::format("POST {} HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: {}\r\n", seed.path, id);
  if (!type.empty()) out += fmt::format("Content-Type: {}\r\n", type);
  const std::string body = json::serialize(seed.body);
  if (random.one_in(2)) return out + fmt::format("Content-Length: {}\r\n\r\n{}", body.size(), body);
  out += "Transfer-Encoding: chunked\r\n\r\n";
  for (const std::string& piece : random.split(body)) out += fmt::format("{:x}\r\n{}\r\n", piece.size(), piece);
  return out + "0\r\n\r\n";
}

constexpr std::size_t kPipelined = 12'000;  // bytes: what waits behind a request may not be more than 16 KiB

// Several requests one behind the other, in pieces of any size: one answer for each, in order.
TEST(RequestFuzz, PipelinedAndInPieces) {
  ServerHarness server(harness_options());
  Mutator random = mutator(2);
  const std::vector<RequestSeed> seeds = request_seeds();
  const std::uint64_t n = n_requests(150);
  for (std::uint64_t i = 0; i < n && !::testing::Test::HasFailure();) {
    const std::size_t n_wanted = 1 + random.below(5);
    std::string bytes;
    std::vector<std::string> paths;
    while (paths.size() < n_wanted && bytes.size() < kPipelined) {
      const RequestSeed& seed = seeds[random.below(seeds.size())];
      std::string one = request(random, seed, fmt::format("fuzz-{}", i));
      if (!paths.empty() && bytes.size() + one.size() > kPipelined) break;
      bytes += one;
      paths.push_back(seed.path);
      ++i;
    }
    const std::size_t n_together = paths.size();
    HttpClient client = server.tcp();
    for (const std::string& piece : random.split(bytes)) client.send(piece);
    for (std::size_t k = 0; k < n_together; ++k) {
      const Reply reply = client.read_reply();
      EXPECT_EQ(reply.header("x-request-id"), fmt::format("fuzz-{}", i - n_together + k));
      check(paths[k], "", reply);
      EXPECT_EQ(reply.header("connection"), "") << k << " of " << n_together << ": " << reply.body;
    }
  }
  expect_idle(server);
}

// Whole requests with bytes changed anywhere: answers that the protocol knows, or a closed connection.
TEST(RequestFuzz, BrokenHttp) {
  ServerHarness server(harness_options());
  Mutator random = mutator(3);
  const std::vector<RequestSeed> seeds = request_seeds();
  const std::uint64_t n = n_requests(400);
  for (std::uint64_t i = 0; i < n && !::testing::Test::HasFailure(); ++i) {
    std::string valid = request(random, seeds[random.below(seeds.size())], "x");
    const std::size_t head = valid.find("\r\n\r\n") + 4;
    const std::string bytes =
        random.one_in(2) ? random.bytes(valid.substr(0, head)) + valid.substr(head) : random.bytes(valid);
    HttpClient client = server.tcp();
    for (const std::string& piece : random.split(bytes)) client.send(piece);
    client.half_close();
    try {
      while (!client.at_end()) {
        const Reply reply = client.read_reply(bytes.starts_with("HEAD"));
        const bool fine = reply.status < 500 || reply.status == 503 || reply.status == 501 || reply.status == 505;
        EXPECT_TRUE(fine) << shown(bytes) << "\n-> " << reply.status << " " << reply.body;
      }
    } catch (const std::exception& e) {
      ADD_FAILURE() << shown(bytes) << "\n-> " << e.what();
    }
  }
  expect_idle(server);
}

// Any method and any path.
TEST(RequestFuzz, Targets) {
  ServerHarness server(harness_options());
  Mutator random = mutator(4);
  constexpr const char* kMethods[]{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW"};
  const std::uint64_t n = n_requests(400);
  for (std::uint64_t i = 0; i < n && !::testing::Test::HasFailure(); ++i) {
    const server::Route& route = server::routes()[random.below(server::routes().size())];
    std::string path(route.pattern);
    if (random.one_in(2)) path += random.one_in(2) ? "?a=%ff&b" : "/%2e%2e/%00";
    const std::string method = kMethods[random.below(std::size(kMethods))];
    HttpClient client = random.one_in(2) ? server.tcp() : server.unix_socket();
    if (path.starts_with("/control/drain") && method == "POST") continue;
    client.send(fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", method, path));
    const Reply reply = client.read_reply(method == "HEAD");
    EXPECT_TRUE(reply.status < 500 || reply.status == 501)
        << method << " " << path << " -> " << reply.status << reply.body;
  }
  expect_idle(server);
}

}  // namespace
}  // namespace quern::test
