#include "registry/sources/plan.hpp"

#include <algorithm>

namespace quern::registry::sources {
namespace {

constexpr std::size_t kMaxValidator = 256;

// What tells one version of the file from another; empty: the server gives nothing of the kind.
std::string validator_of(const net::ResponseHead& head) {
  std::string_view text = head.header("ETag");
  if (text.empty()) text = head.header("Last-Modified");
  const bool printable = std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; });
  return printable && text.size() <= kMaxValidator ? std::string(text) : std::string();
}

}  // namespace

asio::awaitable<Result<PullPlan>> plan_https(HubSession& session, ModelRef ref) {
  Result<net::Url> url = net::parse_url(ref.file);
  if (!url) co_return url.error();
  if (!url->tls && !net::is_loopback(url->host)) {
    co_return fail(Errc::bad_input, "{}: want https://, found http://: nothing else proves who sends the file",
                   ref.file);
  }
  std::vector<net::Header> headers{{"Range", "bytes=0-"}};  // so that nobody compresses it on the way
  Result<HubReply> reply = co_await session.head(*url, std::move(headers));
  if (!reply) co_return reply.error();
  const auto size = reply->head.content_length;
  if (!size || *size == 0) {
    co_return fail(Errc::unsupported, "{}: want a file whose size the server says, found {}", ref.file,
                   size ? "an empty one" : "one of unknown size");
  }
  PullPlan plan{.source = "https", .name = ref.display(), .repo = ref.file};
  plan.files.push_back({ref.model + ".gguf", Role::weights, *size, {}, validator_of(reply->head), url->text()});
  plan.notes.emplace_back("the address gives no digest: what arrives is taken as it is, and remembered");
  co_return plan;
}

}  // namespace quern::registry::sources
