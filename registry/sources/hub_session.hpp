// Questions to hubs during one pull: who gets which token, redirects, registries' tokens, and another try where one may
// help. A token is kept by the origin it is for, and no other origin ever gets it, whatever a redirect says.
// Threads: one, that of its executor. Ownership: the connections. REQUIRES: it outlives its coroutines.
// Errors: io (no connection, after all tries), corrupt, overloaded (larger than allowed), bad_input (a redirect to
// where nothing is sent), and what words_for_hub() and words_for_registry() say of a status.
#pragma once

#include "net/http_client.hpp"
#include "registry/sources/hub_options.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace quern::registry::sources {

namespace asio = boost::asio;

enum class HubKind : std::uint8_t { plain, hugging_face, registry };

struct HubReply {
  net::ResponseHead head;
  std::string body;
  net::Url url;  // that answered
};

// An answer whose body is still to be read.
struct Opened {
  net::HttpExchange exchange;
  net::Url url;  // that answered; another one than was asked: after redirects
};

class HubSession {
 public:
  struct Hooks {
    std::function<double()> random;                      // uniform in [0, 1)
    std::function<void(const std::string&)> on_waiting;  // a sentence: why it waits, how long
  };

  HubSession(asio::any_io_executor executor, HubOptions options, std::shared_ptr<net::TlsContext> tls,
             net::ProxySettings proxies, Hooks hooks);

  const HubOptions& options() const noexcept { return options_; }
  const asio::any_io_executor& executor() const noexcept { return executor_; }
  // What answers at this origin, so that its refusals can be explained. Only the endpoint of the hub, introduced as
  // that, is sent its token; a registry may ask for one to be fetched.
  void introduce(const net::Url& url, HubKind kind, std::string subject);

  // Follows redirects; no second try. Any status may come back.
  asio::awaitable<Result<Opened>> open(net::Url url, std::vector<net::Header> headers, std::string method = "GET");
  // A small answer, all of it, with status 200; unpacked. Tries again as the limits say.
  asio::awaitable<Result<HubReply>> get(net::Url url, std::vector<net::Header> headers, std::size_t max_bytes);
  // The head only, after redirects, with any status below 400.
  asio::awaitable<Result<HubReply>> head(net::Url url, std::vector<net::Header> headers);

  // Waits before another try. Errors: the hub asks for more patience than there is.
  asio::awaitable<Status> wait_for_retry(std::string what, net::ResponseHead head, std::uint32_t attempt);
  // Connections that nobody uses. REQUIRES: called before the executor's context goes.
  void close_idle() noexcept { client_.close_idle(); }
  // What a refusal means, and what to do.
  Error explain(const net::Url& asked, const net::ResponseHead& head) const;

 private:
  struct Access {
    HubKind kind = HubKind::plain;
    std::string authorization;  // the header's value; empty: none
    std::string subject;        // what is asked for, in words
  };
  struct Question {
    net::Url url;
    std::vector<net::Header> headers;
    std::string method;
    std::size_t max_bytes = 0;
  };

  asio::awaitable<Result<HubReply>> ask(Question question);
  asio::awaitable<Result<HubReply>> ask_once(const Question& question);
  asio::awaitable<Status> fetch_token(const net::Url& registry, std::string challenge);
  Result<net::Url> next_url(const net::Url& from, std::string_view location) const;
  const Access* access_of(const net::Url& url) const;

  asio::any_io_executor executor_;
  HubOptions options_;
  net::HttpClient client_;
  Hooks hooks_;
  std::map<std::string, Access> access_;  // by origin
};

}  // namespace quern::registry::sources
