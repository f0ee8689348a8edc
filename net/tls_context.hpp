// How a client checks who it talks to: certificates must lead to a root of this system (OpenSSL's defaults, or what
// SSL_CERT_FILE and SSL_CERT_DIR name), and be made out to the host that was asked for. TLS 1.2 and 1.3, HTTP/1.1.
// Threads: make_client_tls() blocks on the file system; contexts are shared and const after creation.
#pragma once

#include "base/result.hpp"

#include <memory>
#include <string>

#include <boost/asio/ssl/context.hpp>

namespace quern::net {

using TlsContext = boost::asio::ssl::context;

// ca_file: PEM, roots besides those of the system; empty: none. Errors: bad_input naming the file; io.
Result<std::shared_ptr<TlsContext>> make_client_tls(const std::string& ca_file = {});

// Of a connection before its handshake: what the server is asked for by name, and what its certificate must say.
Status expect_host(SSL* connection, const std::string& host);

// Why the last handshake failed, in OpenSSL's words: of the certificate, where that was it; empty: something else.
std::string certificate_fault(SSL* connection);

}  // namespace quern::net
