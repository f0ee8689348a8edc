#include "server/api/encode.hpp"

#include <memory>
#include <utility>

#include <boost/asio/co_spawn.hpp>

namespace quern::server {
namespace {

constexpr std::size_t kHelperBytes = 32 * 1024;  // below it, encoding takes at most a few milliseconds
// Normalization may shorten a text before it is cut into tokens; by less than this factor.
constexpr std::size_t kMaxShrink = 4;

net::awaitable<std::vector<engine::TokenId>> encode_task(const engine::Tokenizer& tokenizer,
                                                         std::shared_ptr<const std::string> text,
                                                         engine::EncodeOptions options) {
  co_return tokenizer.encode(*text, options);
}

}  // namespace

net::awaitable<std::vector<engine::TokenId>> encode(ServerState& state, std::string text,
                                                    engine::EncodeOptions options) {
  if (text.size() <= kHelperBytes) co_return state.services.tokenizer.encode(text, options);
  auto shared = std::make_shared<const std::string>(std::move(text));
  net::awaitable<std::vector<engine::TokenId>> task = encode_task(state.services.tokenizer, std::move(shared), options);
  std::vector<engine::TokenId> tokens = co_await net::co_spawn(state.helper(), std::move(task), net::use_awaitable);
  co_return tokens;
}

net::awaitable<Result<std::vector<engine::TokenId>>> encode_prompt(ServerState& state, std::string text,
                                                                   engine::EncodeOptions options, std::string field) {
  const std::uint32_t max_context = state.services.scheduler.max_context();
  if (text.size() > std::size_t{max_context} * state.longest_token_bytes * kMaxShrink) {
    co_return fail_field(field, "{} bytes cannot fit into a context of {} tokens", text.size(), max_context);
  }
  std::vector<engine::TokenId> tokens = co_await encode(state, std::move(text), options);
  co_return tokens;
}

}  // namespace quern::server
