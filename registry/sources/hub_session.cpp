#include "registry/sources/hub_session.hpp"

#include "registry/sources/bearer_challenge.hpp"
#include "registry/sources/content_digest.hpp"
#include "registry/sources/hub_words.hpp"

#include <algorithm>

#include <boost/asio/steady_timer.hpp>

namespace quern::registry::sources {
namespace {

constexpr int kMaxRedirects = 10;
constexpr std::size_t kMaxTokenAnswer = 256 * 1024;

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// An address without its query: that of a redirect may hold a signature.
std::string shown(const net::Url& url) {
  return url.origin() + url.target.substr(0, url.target.find('?'));
}

}  // namespace

HubSession::HubSession(asio::any_io_executor executor, HubOptions options, std::shared_ptr<net::TlsContext> tls,
                       net::ProxySettings proxies, Hooks hooks)
    : executor_(executor),
      options_(std::move(options)),
      client_(executor, net::HttpClientOptions{.tls = std::move(tls), .proxies = std::move(proxies)}),
      hooks_(std::move(hooks)) {}

void HubSession::introduce(const net::Url& url, HubKind kind, std::string subject) {
  Access& access = access_[url.origin()];
  access = Access{kind, {}, std::move(subject)};
  const bool is_hub = kind == HubKind::hugging_face && url.origin() == options_.hf_endpoint.origin();
  if (is_hub && !options_.hf_token.empty()) access.authorization = "Bearer " + options_.hf_token;
}

const HubSession::Access* HubSession::access_of(const net::Url& url) const {
  const auto found = access_.find(url.origin());
  return found == access_.end() ? nullptr : &found->second;
}

Result<net::Url> HubSession::next_url(const net::Url& from, std::string_view location) const {
  if (location.empty()) return fail(Errc::corrupt, "{}: it redirects without saying where", shown(from));
  QUERN_TRY(net::Url to, net::resolve_url(from, location));
  if (from.tls && !to.tls) {
    return fail(Errc::bad_input, "{}: it redirects to {}, which is not encrypted and so is refused", shown(from),
                to.origin());
  }
  return to;
}

asio::awaitable<Result<Opened>> HubSession::open(net::Url url, std::vector<net::Header> headers, std::string method) {
  if (options_.offline) co_return fail(Errc::io, "{}: it would have to be asked, and this is offline", shown(url));
  bool fetched_token = false;
  for (int hop = 0; hop <= kMaxRedirects; ++hop) {
    net::HttpRequest request;
    request.method = method;
    request.url = url;
    request.headers = headers;
    request.silence = options_.silence;
    const Access* const access = access_of(url);
    if (access != nullptr && !access->authorization.empty()) {
      request.headers.push_back({"Authorization", access->authorization});
    }
    request.accept_gzip =
        std::ranges::none_of(headers, [](const net::Header& header) { return header.name == "Range"; });
    net::HttpExchange exchange = client_.open(std::move(request));
    Status begun = co_await exchange.begin();
    if (!begun) co_return begun.error();
    const net::ResponseHead& head = exchange.head();
    if (is_redirect(head.status)) {
      Result<net::Url> next = next_url(url, head.header("Location"));
      if (!next) co_return next.error();
      url = std::move(*next);
      continue;
    }
    const bool may_fetch = access != nullptr && access->kind == HubKind::registry && !fetched_token;
    if (head.status == 401 && may_fetch && !head.header("WWW-Authenticate").empty()) {
      std::string challenge(head.header("WWW-Authenticate"));
      fetched_token = true;
      Status token = co_await fetch_token(url, std::move(challenge));
      if (!token) co_return token.error();
      continue;
    }
    co_return Opened{std::move(exchange), std::move(url)};
  }
  co_return fail(Errc::corrupt, "{}: more than {} redirects", shown(url), kMaxRedirects);
}

asio::awaitable<Status> HubSession::fetch_token(const net::Url& registry, std::string header) {
  const Result<BearerChallenge> challenge = read_challenge(header);
  if (!challenge) co_return challenge.error();
  Result<net::Url> address = token_address(*challenge, registry);
  if (!address) co_return address.error();
  net::HttpRequest request;
  request.url = std::move(*address);
  request.silence = options_.silence;
  request.accept_gzip = true;
  const std::string asked = shown(request.url);
  Result<net::HttpReply> reply = co_await client_.fetch(std::move(request), kMaxTokenAnswer);
  if (!reply) co_return reply.error();
  if (reply->head.status != 200) {
    Access& access = access_[registry.origin()];
    co_return fail(
        Errc::not_found,
        "{}: {} gives no token for it without an account (status {}): it is private, or there is no such model",
        access.subject, asked, reply->head.status);
  }
  Result<std::string> token = read_token(reply->body);
  if (!token) co_return token.error();
  access_[registry.origin()].authorization = "Bearer " + *token;
  co_return Status();
}

asio::awaitable<Status> HubSession::wait_for_retry(std::string what, net::ResponseHead head, std::uint32_t attempt) {
  std::chrono::milliseconds pause = pause_of(options_.retries, attempt, hooks_.random());
  if (const auto asked = pause_asked(head.header("RateLimit"), head.header("Retry-After"))) {
    if (*asked > options_.retries.longest_asked) {
      co_return fail(Errc::overloaded,
                     "{}; it asks to come back in {} s, which is longer than a pull waits: try again then", what,
                     std::chrono::ceil<std::chrono::seconds>(*asked).count());
    }
    pause = std::max(pause, *asked);
  }
  if (hooks_.on_waiting) {
    hooks_.on_waiting(fmt::format("{}; trying again in {:.1f} s", what, std::chrono::duration<double>(pause).count()));
  }
  asio::steady_timer timer(executor_, pause);
  [[maybe_unused]] auto woken = co_await timer.async_wait(net::kTuple);
  co_return Status();
}

asio::awaitable<Result<HubReply>> HubSession::ask_once(const Question& question) {
  Result<Opened> opened = co_await open(question.url, question.headers, question.method);
  if (!opened) co_return opened.error();
  HubReply out{opened->exchange.head(), {}, opened->url};
  if (out.head.status != 200) co_return out;
  // An answer that only drips would never be silent.
  const auto too_late = std::make_shared<bool>(false);
  asio::steady_timer deadline(executor_, options_.answer_time);
  deadline.async_wait([too_late, cancel = opened->exchange.cancel_hook()](const boost::system::error_code& ended) {
    if (ended) return;
    *too_late = true;
    cancel();
  });
  Result<std::string> body = co_await opened->exchange.read_all(question.max_bytes);
  if (!body && *too_late) {
    co_return fail(Errc::io, "{}: the answer was not whole after {:.0f} s", shown(opened->url),
                   to_seconds(options_.answer_time));
  }
  if (!body) co_return body.error();
  out.body = std::move(*body);
  co_return out;
}

asio::awaitable<Result<HubReply>> HubSession::ask(Question question) {
  for (std::uint32_t attempt = 0;; ++attempt) {
    Result<HubReply> reply = co_await ask_once(question);
    const bool last = attempt + 1 >= options_.retries.max_attempts || options_.offline;
    if (reply && reply->head.status < 400) co_return reply;
    if (reply && (last || !may_succeed_later(reply->head.status))) co_return explain(question.url, reply->head);
    if (!reply && (last || reply.error().code != Errc::io)) co_return reply.error();
    std::string what =
        reply ? fmt::format("{} answers {}", question.url.origin(), reply->head.status) : reply.error().detail;
    net::ResponseHead head = reply ? reply->head : net::ResponseHead();
    Status waited = co_await wait_for_retry(std::move(what), std::move(head), attempt);
    if (!waited) co_return waited.error();
  }
}

asio::awaitable<Result<HubReply>> HubSession::get(net::Url url, std::vector<net::Header> headers,
                                                  std::size_t max_bytes) {
  Question question{std::move(url), std::move(headers), "GET", max_bytes};
  Result<HubReply> reply = co_await ask(std::move(question));
  if (reply && reply->head.status != 200) {
    co_return fail(Errc::corrupt, "{}: want status 200, found {}", shown(reply->url), reply->head.status);
  }
  co_return reply;
}

asio::awaitable<Result<HubReply>> HubSession::head(net::Url url, std::vector<net::Header> headers) {
  Question question{std::move(url), std::move(headers), "HEAD", 0};
  Result<HubReply> reply = co_await ask(std::move(question));
  co_return reply;
}

Error HubSession::explain(const net::Url& asked, const net::ResponseHead& head) const {
  const Access* const access = access_of(asked);
  const HubKind kind = access == nullptr ? HubKind::plain : access->kind;
  if (kind == HubKind::hugging_face) return words_for_hub(head, asked, access->subject, !access->authorization.empty());
  if (kind == HubKind::registry) return words_for_registry(head, asked, access->subject);
  return words_for_address(head, asked);
}

}  // namespace quern::registry::sources
