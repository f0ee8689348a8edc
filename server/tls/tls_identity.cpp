#include "server/tls/tls_identity.hpp"

#include <cstring>
#include <utility>

#include <boost/asio/ssl/context.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace quern::server {
namespace {

namespace ssl = boost::asio::ssl;

// The first thing that OpenSSL complained about: what follows it are consequences.
std::string reason() {
  const unsigned long code = ::ERR_get_error();
  ::ERR_clear_error();
  if (ERR_SYSTEM_ERROR(code)) return std::strerror(ERR_GET_REASON(code));
  const char* const text = code == 0 ? nullptr : ::ERR_reason_error_string(code);
  return text != nullptr ? text : "not readable";
}

// Nobody is there who could type a passphrase.
int no_passphrase(char*, int, int, void*) {
  return 0;
}

// Clients that offer protocols get HTTP/1.1 or an alert; those that offer none speak it anyway. Source: RFC 7301.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size, const unsigned char* offered,
                    unsigned int offered_size, void*) {
  static constexpr unsigned char kOurs[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* found = nullptr;
  if (::SSL_select_next_proto(&found, chosen_size, kOurs, sizeof(kOurs), offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

Status set_up(SSL_CTX* context) {
  if (::SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1) {
    return fail(Errc::io, "TLS 1.2: {}", reason());
  }
  ::SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                     SSL_OP_PRIORITIZE_CHACHA);
  ::SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  ::SSL_CTX_set_default_passwd_cb(context, &no_passphrase);
  ::SSL_CTX_set_alpn_select_cb(context, &choose_protocol, nullptr);
  return {};
}

Result<std::shared_ptr<ssl::context>> make_context(const std::string& certificate, const std::string& key) {
  ::ERR_clear_error();
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX* const raw = context->native_handle();
  QUERN_CHECK(set_up(raw));
  if (::SSL_CTX_use_certificate_chain_file(raw, certificate.c_str()) != 1) {
    return fail_field("tls-cert", "want a certificate in PEM form, found {}: {}", certificate, reason());
  }
  if (::SSL_CTX_use_PrivateKey_file(raw, key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return fail_field("tls-key", "want the key of {} in PEM form and without a passphrase, found {}: {}", certificate,
                      key, reason());
  }
  if (::SSL_CTX_check_private_key(raw) != 1) {
    return fail_field("tls-key", "want the key of {}, found {}: {}", certificate, key, reason());
  }
  return context;
}

}  // namespace

Result<std::shared_ptr<TlsIdentity>> TlsIdentity::load(std::string certificate, std::string key) {
  const std::shared_ptr<TlsIdentity> identity(new TlsIdentity(std::move(certificate), std::move(key)));
  QUERN_CHECK(identity->reload());
  return identity;
}

std::shared_ptr<ssl::context> TlsIdentity::current() const {
  const std::lock_guard lock(mutex_);
  return context_;
}

Status TlsIdentity::reload() {
  QUERN_TRY(auto fresh, make_context(certificate_, key_));
  const std::lock_guard lock(mutex_);
  context_.swap(fresh);
  return {};
}

}  // namespace quern::server
