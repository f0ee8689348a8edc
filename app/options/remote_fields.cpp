#include "app/options/remote_fields.hpp"

#include "app/options/values.hpp"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <utility>

namespace quern::app {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxRemotes = 64;

bool is_variable(std::string_view name) noexcept {
  return !name.empty() && std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
}

Status set_choice(std::string_view key, std::string_view value, RemoteModel& out) {
  if (key == "kind") {
    QUERN_TRY(out.upstream.kind, models::parse_upstream_kind(value));
    return {};
  }
  const auto one_of = [&](std::string_view usual, std::string_view other, bool& flag) -> Status {
    if (value != usual && value != other) {
      return fail(Errc::bad_input, "want {}={} or {}={}, found '{}'", key, usual, key, other, value);
    }
    flag = value == other;
    return {};
  };
  return key == "work" ? one_of("generate", "embed", out.upstream.embeds) : one_of("last", "first", out.first);
}

Status set_number(std::string_view key, std::string_view value, models::Upstream& out) {
  std::uint32_t& where = key == "context"       ? out.context
                         : key == "width"       ? out.width
                         : key == "max-running" ? out.max_running
                                                : out.max_tokens;
  QUERN_TRY(where, parse_number<std::uint32_t>(value, 1, 1u << 24));
  return {};
}

Status set_part(std::string_view key, std::string_view value, RemoteModel& out) {
  if (value.empty()) return fail(Errc::bad_input, "want a value after '{}='", key);
  if (key == "kind" || key == "work" || key == "order") return set_choice(key, value, out);
  if (key == "context" || key == "width" || key == "max-running" || key == "max-tokens") {
    return set_number(key, value, out.upstream);
  }
  if (key == "head" || key == "silence") {
    QUERN_TRY(const std::chrono::milliseconds time, parse_duration(value, 100ms, 24h));
    (key == "head" ? out.upstream.head : out.upstream.silence) = time;
    return {};
  }
  if (key == "model") {
    out.upstream.model = value;
  } else if (key == "unix") {
    out.upstream.unix_socket = value;
  } else if (key == "key-env") {
    if (!is_variable(value)) {  // it may be the key itself
      return fail(Errc::bad_input, "want the name of an environment variable after 'key-env='");
    }
    out.upstream.key_env = value;
  } else {
    return fail(Errc::bad_input,
                "want kind, model, key-env, work, order, context, width, max-running, max-tokens, head, silence or "
                "unix, found '{}'",
                key);
  }
  return {};
}

}  // namespace

Status parse_remote(std::string_view text, Options& options) {
  if (text == "none") return {};
  if (options.remotes.size() == kMaxRemotes) return fail(Errc::bad_input, "want at most {}, found more", kMaxRemotes);
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string_view::npos) {
    return fail(Errc::bad_input, "want NAME=URL,KEY=VALUE,.. or none");  // what was found may hold a password
  }
  RemoteModel out{.name = std::string(text.substr(0, equals))};
  std::string_view rest = text.substr(equals + 1);
  const std::size_t end = std::min(rest.find(','), rest.size());
  QUERN_TRY(out.upstream.url, quern::net::parse_url(rest.substr(0, end)));
  for (rest.remove_prefix(end); !rest.empty();) {
    rest.remove_prefix(1);
    const std::string_view part = rest.substr(0, std::min(rest.find(','), rest.size()));
    const std::size_t split = part.find('=');
    if (split == std::string_view::npos) return fail(Errc::bad_input, "want KEY=VALUE, found '{}'", part);
    QUERN_CHECK(set_part(part.substr(0, split), part.substr(split + 1), out));
    rest.remove_prefix(part.size());
  }
  if (out.upstream.model.empty()) out.upstream.model = out.name;
  const models::Upstream& upstream = out.upstream;
  if (!upstream.url.tls && upstream.unix_socket.empty() && !quern::net::is_loopback(upstream.url.host)) {
    return fail(Errc::bad_input,
                "want https:// beyond this machine, where prompts and keys can be read by others, found {}",
                upstream.url.origin());
  }
  if (upstream.embeds && upstream.kind == models::UpstreamKind::anthropic) {
    return fail(Errc::bad_input, "want work=generate with kind=anthropic, which makes no vectors");
  }
  options.remotes.push_back(std::move(out));
  return {};
}

void reset_remotes(Options& options) {
  options.remotes.clear();
}

}  // namespace quern::app
