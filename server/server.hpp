// The HTTP front: listeners on TCP and on a Unix socket, routes, SSE. Coroutines on one io_context.
// Threads: the io_context's (one by default). Ownership: keeps references to the services.
#pragma once

#include "base/byte_ledger.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "models/model_catalog.hpp"
#include "models/model_store.hpp"
#include "server/read_pace.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

namespace quern::server {

struct ServerLimits {
  std::uint32_t max_connections = 4096;
  std::uint32_t max_header_bytes = 16 * 1024;
  std::uint64_t max_body_bytes = 32ull << 20;
  std::uint32_t max_prompt_tokens = 0;  // 0: what the context holds
  std::uint32_t max_stop_strings = 16;
  std::uint32_t max_stop_bytes = 512;  // of one stop string
  std::uint32_t max_logit_bias = 1024;
  std::uint32_t max_messages = 4096;
  std::uint32_t max_json_depth = 32;
  std::uint32_t max_tokens_default = 0;          // where a request names none; 0: what fits
  std::uint64_t max_backlog_bytes = 256 * 1024;  // unsent SSE bytes of one slow reader
  std::chrono::milliseconds header_timeout{10'000};
  std::chrono::milliseconds idle_timeout{60'000};       // keep-alive connection without a request
  std::chrono::milliseconds write_timeout{60'000};      // a reader that takes too little for this long is dropped
  std::uint32_t min_read_rate = 64;                     // bytes per second of it, at least
  std::chrono::milliseconds ping_interval{15'000};      // SSE comment on silence
  std::chrono::milliseconds drain_timeout{30'000};      // SIGTERM: running requests may finish this long
  std::chrono::milliseconds body_timeout{60'000};       // a request body must have arrived by then
  std::uint64_t max_bodies_bytes = 256ull << 20;        // request bodies being received, all connections together
  std::uint32_t max_key_bytes = 256;                    // of cache_salt and supersede_key
  std::uint32_t max_jobs = 512;                         // large requests that wait to be parsed and encoded
  std::chrono::milliseconds stream_head_after{15'000};  // a stream that still waits for a place then gets its head
  std::chrono::milliseconds watchdog{60'000};           // a step that takes longer makes /health fail
  std::uint32_t max_texts = 2048;                       // that one request embeds or ranks
  std::uint32_t max_texts_tokens = 1u << 20;            // of them together
  std::uint32_t max_choices = 32;                       // prompts * n of one request: each is a sequence of its own

  ReadPaceLimits read_pace() const noexcept {
    const std::uint64_t bytes = static_cast<std::uint64_t>(write_timeout.count()) * min_read_rate / 1000;
    return {.window = write_timeout, .min_bytes = std::max<std::uint64_t>(bytes, 1)};
  }
};

struct ServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;  // 0: any free port
  bool tcp = true;
  std::string unix_socket;                // path; empty: none. Created 0600; a stale socket file is replaced
  bool control = true;                    // /control/* on the Unix socket
  std::string otlp_endpoint;              // "http://host:port": spans of requests go there; empty: nowhere
  bool log_requests = false;              // a line for each request that has ended
  std::string unknown_fields = "warn";    // of requests: "refuse" them, or name them in X-Quern-Ignored and in the log
  bool any_model = false;                 // a name that no model has means the default one
  std::string response_store = "memory";  // of /v1/responses: "memory", "none", or the path of an SQLite file
  std::uint64_t response_store_bytes = 64u << 20;
  std::chrono::milliseconds response_store_ttl = std::chrono::hours(24);
  std::string activity_log = "none";  // of requests: the path of an SQLite file; "none"
  std::uint64_t activity_log_bytes = 256u << 20;
  std::uint64_t activity_body_bytes = 0;  // of each request and each answer it keeps so much; 0: none
  bool private_cache = false;             // tenants share no cached prompts, as if each had a cache_salt of its own
  std::uint32_t helper_threads = 0;       // for the work on large requests; 0: two, more on large machines
  ServerLimits limits;
  // Over TCP a request must name this server in Host, and come from no foreign web page (Origin). Always allowed:
  // loopback names, `host`, and any IP address where `host` is a wildcard; as Origins pages of loopback names, apps of
  // this machine and the server's own. More names, without a port; Origins as "https://chat.example".
  std::vector<std::string> allowed_hosts;
  std::vector<std::string> allowed_origins;
  // Over TCP each request needs a key of this file (`quern keys`). Empty: none does.
  std::string keys_file;
  bool keys_required = true;  // false: where there is no such file, no key is needed
  // PEM files: TCP connections speak TLS. Both or none.
  std::string tls_cert, tls_key;
};

struct Services {
  models::ModelCatalog& models;  // at least one
  ByteLedger& ledger;            // open connections and the bodies they send are counted in it
  const Clock& clock;
  models::ModelStore* store = nullptr;  // models on the disk; nullptr: this server has none
};

class Listener;
class KeyStore;
class TlsIdentity;

// The sockets of a server, listening before there is anything to serve: a port that is taken shows at once and not
// after a model has loaded, and whoever connects meanwhile waits in the kernel's backlog. Ownership: shared with the
// server.
struct Listeners {
  std::vector<std::shared_ptr<Listener>> all;
  std::uint16_t port = 0;  // the bound TCP port
  // What they let in by, read before anybody can connect.
  std::shared_ptr<KeyStore> keys;
  std::shared_ptr<TlsIdentity> tls;

  // Errors: io naming the address (in use, no permission), bad_input (host, socket path, nothing to listen on), those
  // of KeyStore::open() and TlsIdentity::load().
  static Result<Listeners> open(boost::asio::io_context& io, const ServerOptions& options);
  // Takes the Unix socket's file away: the last thing before a process ends without destructors. Threads: any.
  void remove_files() const noexcept;
};

class Server {
 public:
  // Errors: those of Listeners::open(), bad_input (otlp_endpoint, allowed-hosts, allowed-origins).
  static Result<std::unique_ptr<Server>> create(boost::asio::io_context& io, const ServerOptions& options,
                                                const Services& services);
  static Result<std::unique_ptr<Server>> create(boost::asio::io_context& io, const ServerOptions& options,
                                                const Services& services, Listeners listeners);
  ~Server();

  void start();                         // spawns the accept loops
  std::uint16_t port() const noexcept;  // the bound TCP port
  // Reads keys, certificate and its key again, and logs how that went; where it fails, all stays as it was. Running
  // requests and open connections go on. Threads: any; blocks on the file system.
  void reload();
  // Graceful: stops accepting, on the Unix socket not before the running requests have finished, which they may within
  // drain_timeout; then closes. Safe to call twice; from the io_context's thread (signal handler, /control/drain). When
  // all is closed, the io_context runs out of work.
  void drain();

 private:
  struct Impl;  // listeners and the state that they share with the sessions
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace quern::server
