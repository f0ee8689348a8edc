// Spans of requests: their form, and a collector that gets them over a real socket.
#include "server/tracing/exporter.hpp"
#include "tests/server/server_harness.hpp"

#include <future>

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

namespace quern::test {
namespace {

namespace http = boost::beast::http;
using boost::asio::ip::tcp;

constexpr const char* kTraceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

TEST(Spans, ContinueTheClientsTraceOrBeginOne) {
  const server::Span child = server::make_span("x", kTraceparent);
  EXPECT_EQ(child.trace_id, "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(child.parent_id, "b7ad6b7169203331");
  const server::Span root = server::make_span("x", "");
  EXPECT_EQ(root.trace_id.size(), 32u);
  EXPECT_EQ(root.span_id.size(), 16u);
  EXPECT_TRUE(root.parent_id.empty());
  EXPECT_NE(root.span_id, child.span_id);
}

TEST(Spans, EndpointsAreCheckedBeforeTheyAreUsed) {
  const server::OtlpEndpoint endpoint = server::parse_otlp_endpoint("http://127.0.0.1:4318").value();
  EXPECT_EQ(endpoint.host, "127.0.0.1");
  EXPECT_EQ(endpoint.port, "4318");
  EXPECT_EQ(endpoint.path, "/v1/traces");
  EXPECT_EQ(server::parse_otlp_endpoint("http://[::1]:1/x").value().host, "::1");
  EXPECT_EQ(server::parse_otlp_endpoint("http://[::1]:1/x").value().path, "/x");
  for (const char* bad : {"", "127.0.0.1:4318", "https://a:1", "http://a", "http://:1", "http://a:b"}) {
    EXPECT_FALSE(server::parse_otlp_endpoint(bad)) << bad;
  }
}

// Takes one batch and answers 200.
json::value collect_one(tcp::acceptor& acceptor) {
  tcp::socket socket = acceptor.accept();
  boost::beast::flat_buffer buffer;
  http::request<http::string_body> request;
  http::read(socket, buffer, request);
  http::response<http::string_body> response(http::status::ok, 11);
  response.prepare_payload();
  http::write(socket, response);
  EXPECT_EQ(request.target(), "/v1/traces");
  EXPECT_EQ(request[http::field::host], fmt::format("127.0.0.1:{}", acceptor.local_endpoint().port()));
  return json::parse(request.body());
}

TEST(Spans, ArriveAtTheCollector) {
  boost::asio::io_context io;
  tcp::acceptor acceptor(io, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
  auto batch = std::async(std::launch::async, [&] { return collect_one(acceptor); });
  ServerHarnessOptions options;
  options.server.otlp_endpoint = fmt::format("http://127.0.0.1:{}", acceptor.local_endpoint().port());
  ServerHarness server(options);
  const Reply reply = server.post("/v1/completions", R"({"prompt":"a","max_tokens":3})",
                                  fmt::format("traceparent: {}\r\n", kTraceparent));
  EXPECT_EQ(reply.status, 200);
  const json::value received = batch.get();
  const json::value& span = received.at("resourceSpans").at(0).at("scopeSpans").at(0).at("spans").at(0);
  EXPECT_EQ(span.at("traceId"), "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(span.at("parentSpanId"), "b7ad6b7169203331");
  EXPECT_EQ(span.at("name"), "POST /v1/completions");
  bool has_tokens = false;
  for (const json::value& attribute : span.at("attributes").as_array()) {
    if (attribute.at("key") != "quern.output_tokens") continue;
    has_tokens = true;
    EXPECT_EQ(attribute.at("value").at("intValue"), "3");
  }
  EXPECT_TRUE(has_tokens);
}

TEST(Spans, NobodyWaitsForACollectorThatIsNotThere) {
  ServerHarnessOptions options;
  options.server.otlp_endpoint = "http://127.0.0.1:1";
  ServerHarness server(options);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(server.post("/v1/completions", R"({"prompt":"a","max_tokens":3})").status, 200);
  }
}

}  // namespace
}  // namespace quern::test
