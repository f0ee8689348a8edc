// Text to tokens without holding up the streams of others: a long text is encoded on the helper thread.
// Threads: the connection's strand.
#pragma once

#include "base/result.hpp"
#include "server/asio.hpp"
#include "server/server_state.hpp"

#include <string>
#include <vector>

namespace quern::server {

net::awaitable<std::vector<engine::TokenId>> encode(ServerState& state, std::string text,
                                                    engine::EncodeOptions options);

// The same for a prompt: a text that cannot fit into the context, whatever its tokens are, is refused unseen.
// Errors: bad_input naming `field` and the sizes.
net::awaitable<Result<std::vector<engine::TokenId>>> encode_prompt(ServerState& state, std::string text,
                                                                   engine::EncodeOptions options, std::string field);

}  // namespace quern::server
