// Certificates made on the spot, and the client's side of TLS over a socket of HttpClient.
#pragma once

#include "tests/server/http_client.hpp"

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace quern::test {

template <class T, void (*Free)(T*)>
struct Freed {
  void operator()(T* pointer) const noexcept { Free(pointer); }
};
using PrivateKey = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY, &EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509, &X509_free>>;

inline PrivateKey make_private_key() {
  return PrivateKey(EVP_EC_gen("P-256"));
}

// Self-signed, for localhost, and valid now.
inline Certificate make_certificate(const PrivateKey& key, long serial) {
  Certificate out(X509_new());
  X509_set_version(out.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(out.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(out.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(out.get()), 24L * 3600);
  X509_NAME* const name = X509_get_subject_name(out.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(out.get(), name);
  X509_set_pubkey(out.get(), key.get());
  X509_EXTENSION* const names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost");
  X509_add_ext(out.get(), names, -1);
  X509_EXTENSION_free(names);
  if (X509_sign(out.get(), key.get(), EVP_sha256()) == 0) throw std::runtime_error("cannot sign");
  return out;
}

inline void write_private_key(const std::string& path, const PrivateKey& key, const char* passphrase = nullptr) {
  std::FILE* const file = std::fopen(path.c_str(), "w");
  const EVP_CIPHER* const cipher = passphrase != nullptr ? EVP_aes_128_cbc() : nullptr;
  PEM_write_PrivateKey(file, key.get(), cipher, nullptr, 0, nullptr, const_cast<char*>(passphrase));
  std::fclose(file);
}

inline void write_certificate(const std::string& path, const Certificate& certificate) {
  std::FILE* const file = std::fopen(path.c_str(), "w");
  PEM_write_X509(file, certificate.get());
  std::fclose(file);
}

inline void write_identity(const std::string& certificate_path, const std::string& key_path, long serial) {
  const PrivateKey key = make_private_key();
  write_certificate(certificate_path, make_certificate(key, serial));
  write_private_key(key_path, key);
}

struct TlsClientOptions {
  int max_version = 0;    // TLS1_1_VERSION, ...; 0: any
  std::string protocols;  // of ALPN, as on the wire: "\x08http/1.1"; empty: none are offered
};

class TlsWire : public Wire {
 public:
  // Throws where the handshake fails.
  TlsWire(int descriptor, const TlsClientOptions& options) : context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_security_level(context_.get(), 0);
    if (options.max_version != 0) SSL_CTX_set_max_proto_version(context_.get(), options.max_version);
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to a server that may have closed
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), descriptor);
    SSL_set_mode(ssl_.get(), SSL_MODE_AUTO_RETRY);
    if (!options.protocols.empty()) {
      SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(options.protocols.data()),
                          static_cast<unsigned>(options.protocols.size()));
    }
    if (SSL_connect(ssl_.get()) != 1) throw std::runtime_error("TLS: no handshake");
    SSL_set0_wbio(ssl_.get(), BIO_new(BIO_s_mem()));  // from here on flush() says what is sent when
  }
  ssize_t receive(char* bytes, std::size_t size) override {
    const int n = SSL_read(ssl_.get(), bytes, static_cast<int>(size));
    ended_well_ = n <= 0 && SSL_get_error(ssl_.get(), n) == SSL_ERROR_ZERO_RETURN;
    return n <= 0 ? 0 : n;
  }
  ssize_t send(const char* bytes, std::size_t size) override {
    const int n = SSL_write(ssl_.get(), bytes, static_cast<int>(size));
    return flush() ? n : -1;
  }
  // The first half of the record that holds the bytes; flush() sends the rest.
  void send_half(std::string_view bytes) {
    SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
    flush(BIO_ctrl_pending(SSL_get_wbio(ssl_.get())) / 2);
  }
  // false: the server has closed.
  bool flush(std::size_t n_bytes = SIZE_MAX) {
    std::string out(std::min(n_bytes, BIO_ctrl_pending(SSL_get_wbio(ssl_.get()))), '\0');
    BIO_read(SSL_get_wbio(ssl_.get()), out.data(), static_cast<int>(out.size()));
    for (std::string_view left = out; !left.empty();) {
      const ssize_t n = ::send(SSL_get_rfd(ssl_.get()), left.data(), left.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      left.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  void say_goodbye() {
    SSL_shutdown(ssl_.get());
    flush();
  }
  void update_keys() {
    SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED);
    SSL_do_handshake(ssl_.get());
    flush();
  }
  bool ended_well() const noexcept { return ended_well_; }  // the peer said that there is nothing more
  std::string protocol() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }
  std::string version() const { return SSL_get_version(ssl_.get()); }
  long serial() const {
    const Certificate peer(SSL_get1_peer_certificate(ssl_.get()));
    return ASN1_INTEGER_get(X509_get_serialNumber(peer.get()));
  }

 private:
  std::unique_ptr<SSL_CTX, Freed<SSL_CTX, &SSL_CTX_free>> context_;
  std::unique_ptr<SSL, Freed<SSL, &SSL_free>> ssl_;
  bool ended_well_ = false;
};

struct TlsClient {
  HttpClient http;
  TlsWire* wire;  // of http
};

inline TlsClient over_tls(HttpClient http, const TlsClientOptions& options = {}) {
  auto wire = std::make_unique<TlsWire>(http.descriptor(), options);
  TlsWire* const raw = wire.get();
  http.set_wire(std::move(wire));
  return {std::move(http), raw};
}

}  // namespace quern::test
