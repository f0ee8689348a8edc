// A certificate made on the spot, for localhost, 127.0.0.1 and ::1, which is its own root: what a client is told to
// trust (SSL_CERT_FILE) to talk to the test hub.
#pragma once

#include <string>

namespace quern::test {

struct PemFiles {
  std::string certificate, key;  // paths
};

// Writes hub.crt and hub.key into the folder. Throws std::runtime_error.
PemFiles write_hub_certificate(const std::string& folder);

}  // namespace quern::test
