// What a hub's refusal means and what to do about it, in one sentence. Threads: pure functions.
// Source: X-Error-Code and statuses of the Hugging Face Hub; the distribution specification for registries.
#pragma once

#include "base/result.hpp"
#include "net/http_message.hpp"
#include "net/url.hpp"

#include <string_view>

namespace quern::registry::sources {

// subject: "hf.co/org/repo" or what else was asked for.
Error words_for_hub(const net::ResponseHead& head, const net::Url& endpoint, std::string_view subject, bool sent_token);
Error words_for_registry(const net::ResponseHead& head, const net::Url& registry, std::string_view subject);
Error words_for_address(const net::ResponseHead& head, const net::Url& url);

}  // namespace quern::registry::sources
