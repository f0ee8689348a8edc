#include "net/tls_context.hpp"

#include "net/url.hpp"

#include <array>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace quern::net {
namespace {

std::string reason() {
  const unsigned long code = ::ERR_get_error();
  ::ERR_clear_error();
  const char* const text = code == 0 ? nullptr : ::ERR_reason_error_string(code);
  return text != nullptr ? text : "not readable";
}

}  // namespace

Result<std::shared_ptr<TlsContext>> make_client_tls(const std::string& ca_file) {
  constexpr std::array<unsigned char, 9> kHttp{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  ::ERR_clear_error();
  auto context = std::make_shared<TlsContext>(TlsContext::tls_client);
  SSL_CTX* const raw = context->native_handle();
  if (::SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION) != 1 ||
      ::SSL_CTX_set_alpn_protos(raw, kHttp.data(), static_cast<unsigned>(kHttp.size())) != 0) {
    return fail(Errc::io, "TLS: {}", reason());
  }
  ::SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  ::SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
  if (::SSL_CTX_set_default_verify_paths(raw) != 1) return fail(Errc::io, "the system's certificates: {}", reason());
  if (!ca_file.empty() && ::SSL_CTX_load_verify_file(raw, ca_file.c_str()) != 1) {
    return fail(Errc::bad_input, "want certificates in PEM form, found {}: {}", ca_file, reason());
  }
  ::ERR_clear_error();  // files that are not there are no fault of the default paths
  return context;
}

Status expect_host(SSL* connection, const std::string& host) {
  if (is_ip_address(host)) {
    if (::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(connection), host.c_str()) != 1) {
      return fail(Errc::io, "{}: {}", host, reason());
    }
    return {};
  }
  ::SSL_set_hostflags(connection, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (::SSL_set1_host(connection, host.c_str()) != 1 || ::SSL_set_tlsext_host_name(connection, host.c_str()) != 1) {
    return fail(Errc::io, "{}: {}", host, reason());
  }
  return {};
}

std::string certificate_fault(SSL* connection) {
  const long result = ::SSL_get_verify_result(connection);
  return result == X509_V_OK ? std::string() : std::string(::X509_verify_cert_error_string(result));
}

}  // namespace quern::net
