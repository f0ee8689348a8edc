// The certificate and the key by which a server proves who it is. Connections keep the context that they began with;
// reload() changes what later ones get. TLS 1.2 and 1.3, HTTP/1.1 (ALPN), no renegotiation, no early data, sessions
// only in tickets, so that a client costs no memory once it has left. Threads: all functions from any; load and
// reload() block on the file system. Ownership: shared by the server's state and whoever reloads it.
#pragma once

#include "base/result.hpp"

#include <memory>
#include <mutex>
#include <string>

namespace boost::asio::ssl {
class context;
}

namespace quern::server {

class TlsIdentity {
 public:
  // certificate: PEM, the server's own first, then those that lead to a root; key: PEM, without a passphrase.
  // Errors: bad_input naming the file and what is wrong: cannot be read, no PEM, key and certificate do not match.
  static Result<std::shared_ptr<TlsIdentity>> load(std::string certificate, std::string key);

  std::shared_ptr<boost::asio::ssl::context> current() const;

  // Reads both files again. Errors: those of load(); all stays as it was then.
  Status reload();

 private:
  TlsIdentity(std::string certificate, std::string key) : certificate_(std::move(certificate)), key_(std::move(key)) {}

  const std::string certificate_, key_;
  mutable std::mutex mutex_;
  std::shared_ptr<boost::asio::ssl::context> context_;  // guarded by mutex_
};

}  // namespace quern::server
