// A server over TLS on loopback that speaks the protocols of the Hugging Face Hub, of Ollama's registry and of
// container registries, and commits faults on demand. It has two origins: the hub, and a CDN under another name and
// port, to which large files are redirected with addresses that expire. It remembers every request with its
// Authorization. Threads: one per connection; all functions may be called from any thread. Ownership: the destructor
// joins them.
#pragma once

#include "tests/support/hub/certificate.hpp"
#include "tests/support/hub/hub_content.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

namespace quern::test {

struct HubRequest {
  std::string origin, method, target, authorization, range;
  bool accepts_gzip = false;
};

// What is sent: a head of these headers, and a part of the bytes.
struct HubAnswer {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::shared_ptr<const std::string> body = std::make_shared<std::string>();
  std::uint64_t begin = 0, end = 0;  // of the body
  bool ranges = false;               // a file: Range is honoured
};

class TestHub {
 public:
  // certificate and key go into the folder. Throws std::runtime_error.
  explicit TestHub(const std::string& folder);
  ~TestHub();
  TestHub(const TestHub&) = delete;
  TestHub& operator=(const TestHub&) = delete;

  std::string url() const;      // "https://localhost:PORT"
  std::string cdn_url() const;  // "https://127.0.0.1:PORT"
  std::string authority() const;
  const std::string& certificate() const noexcept { return pem_.certificate; }

  void set_repo(const std::string& name, HubRepo repo);
  void set_model(const std::string& path_and_tag, HubModel model);  // "library/tiny:latest"
  void set_plain(const std::string& name, std::string bytes);       // /files/<name>
  void require_token(std::string realm_url = {});                   // of the registry; empty: a realm of its own
  void set_rate(std::uint64_t bytes_per_s) { rate_ = bytes_per_s; }
  void set_page_files(std::size_t n) { page_files_ = n; }  // of a listing

  void commit(Fault fault);
  void clear_faults();
  std::vector<HubRecord> records() const;
  std::uint64_t body_bytes() const noexcept { return body_bytes_; }  // sent, of large files

 private:
  struct Listener;
  struct Connection;

  void accept(Listener& listener);
  void serve(Connection& connection);
  bool answer(Connection& connection, const HubRequest& request);
  HubAnswer route(const HubRequest& request);
  HubAnswer route_hub(const HubRequest& request);
  HubAnswer repo_info(const HubRequest& request, std::string_view path);
  HubAnswer resolve(const HubRequest& request);
  HubAnswer registry(const HubRequest& request);
  HubAnswer blob(const std::string& sha256, const HubRequest& request);
  HubAnswer signed_redirect(const std::string& sha256);
  std::optional<Fault> take_fault(const HubRequest& request);
  void apply_range(const HubRequest& request, const std::optional<Fault>& fault, HubAnswer& answer);
  std::string head_of(const HubAnswer& answer, bool chunked) const;
  bool send_answer(Connection& connection, const HubRequest& request, HubAnswer answer,
                   const std::optional<Fault>& fault);

  const PemFiles pem_;
  boost::asio::io_context io_;
  boost::asio::ssl::context tls_;
  std::unique_ptr<Listener> hub_, cdn_;
  std::atomic<std::uint64_t> rate_{0}, body_bytes_{0};
  std::atomic<std::size_t> page_files_{1000};
  std::atomic<bool> stopping_{false};

  mutable std::mutex mutex_;  // guards all below
  std::map<std::string, HubRepo> repos_;
  std::map<std::string, std::string> manifests_;                     // by path:reference
  std::map<std::string, std::shared_ptr<const std::string>> blobs_;  // by SHA-256
  std::map<std::string, std::shared_ptr<const std::string>> plain_;
  int plain_version_ = 1;
  bool wants_token_ = false;
  std::string realm_;
  std::uint64_t signature_ = 1, oldest_signature_ = 1;
  std::vector<Fault> faults_;
  std::vector<HubRecord> records_;
  std::set<int> sockets_;
  std::vector<std::thread> threads_;
};

}  // namespace quern::test
