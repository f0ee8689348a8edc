// Who is believed to be who it says: certificates made on the spot, and a server that shows them.
#include "net/http_client.hpp"
#include "net/tls_context.hpp"
#include "tests/net/run_io.hpp"
#include "tests/net/scripted_http.hpp"
#include "tests/server/tls/tls_fixture.hpp"

#include <csignal>
#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

namespace quern::test {
namespace {

namespace asio = boost::asio;

// A server with a certificate of its own for localhost, and a client that believes what `ca_file` says.
class HttpTls : public ::testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to clients that have left
    std::filesystem::create_directories(folder_);
    write_identity(certificate_, folder_ / "key.pem", 1);
    context_.reset(SSL_CTX_new(TLS_server_method()));
    ASSERT_EQ(SSL_CTX_use_certificate_chain_file(context_.get(), certificate_.c_str()), 1);
    ASSERT_EQ(SSL_CTX_use_PrivateKey_file(context_.get(), (folder_ / "key.pem").c_str(), SSL_FILETYPE_PEM), 1);
    server_ = std::make_unique<ScriptedHttp>(
        [](ScriptedPeer& peer) {
          while (!peer.read_request().empty()) peer.answer(200, "secret");
        },
        context_.get());
  }
  void TearDown() override {
    server_.reset();
    std::filesystem::remove_all(folder_);
  }

  Result<net::HttpReply> get(const std::string& host, const std::string& ca_file) {
    asio::io_context io{1};
    net::HttpClient http(io.get_executor(), {.tls = net::make_client_tls(ca_file).value()});
    const net::Url url = net::parse_url(fmt::format("https://{}:{}/", host, server_->port())).value();
    const auto first = run_io(io, http.fetch({.url = url}, 1000));
    if (!first) return first.error();
    return run_io(io, http.fetch({.url = url}, 1000));  // over the same connection
  }

  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / fmt::format("quern_net_tls_{}", ::getpid());
  const std::string certificate_ = folder_ / "cert.pem";
  std::unique_ptr<SSL_CTX, Freed<SSL_CTX, &SSL_CTX_free>> context_;
  std::unique_ptr<ScriptedHttp> server_;
};

TEST_F(HttpTls, BelievesWhatLeadsToARootThatItKnows) {
  const auto reply = get("localhost", certificate_);
  ASSERT_TRUE(reply) << reply.error().detail;
  EXPECT_EQ(reply->body, "secret");
  EXPECT_EQ(server_->n_connections(), 1u);
}

TEST_F(HttpTls, BelievesTheRootsThatTheEnvironmentNames) {
  ::setenv("SSL_CERT_FILE", certificate_.c_str(), 1);
  const auto reply = get("localhost", "");
  ::unsetenv("SSL_CERT_FILE");
  EXPECT_TRUE(reply) << reply.error().detail;
}

TEST_F(HttpTls, BelievesNobodyElse) {
  const auto stranger = get("localhost", "");
  ASSERT_FALSE(stranger);
  EXPECT_NE(stranger.error().detail.find("certificate is not trusted"), std::string::npos) << stranger.error().detail;
  const auto other_name = get("127.0.0.1", certificate_);
  ASSERT_FALSE(other_name);
  EXPECT_NE(other_name.error().detail.find("mismatch"), std::string::npos) << other_name.error().detail;
}

TEST_F(HttpTls, RefusesOldVersions) {
  SSL_CTX_set_security_level(context_.get(), 0);
  SSL_CTX_set_max_proto_version(context_.get(), TLS1_1_VERSION);
  EXPECT_FALSE(get("localhost", certificate_));
}

TEST_F(HttpTls, APlainServerIsNoTlsServer) {
  ScriptedHttp plain([](ScriptedPeer& peer) { peer.answer(200, "x"); });
  asio::io_context io{1};
  net::HttpClient http(io.get_executor(), {.tls = net::make_client_tls().value()});
  const net::Url url = net::parse_url(fmt::format("https://localhost:{}/", plain.port())).value();
  const auto reply = run_io(io, http.fetch({.url = url, .silence = std::chrono::seconds(30)}, 1000));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, Errc::io);
}

TEST_F(HttpTls, WithoutAContextNothingIsSent) {
  asio::io_context io{1};
  net::HttpClient http(io.get_executor(), {});
  const net::Url url = net::parse_url(fmt::format("https://localhost:{}/", server_->port())).value();
  EXPECT_FALSE(run_io(io, http.fetch({.url = url}, 1000)));
}

TEST_F(HttpTls, FilesWithoutCertificatesAreNamed) {
  const auto none = net::make_client_tls(folder_ / "none.pem");
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().detail.find("none.pem"), std::string::npos);
}

}  // namespace
}  // namespace quern::test
