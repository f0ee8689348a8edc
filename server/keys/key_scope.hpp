// What an API key may be used for. Each scope includes those before it. Threads: pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace quern::server {

enum class KeyScope : std::uint8_t {
  none,   // no key is needed
  read,   // look: models, metrics, templates, tokens of a text
  infer,  // have the model compute
  admin,  // steer the server
};

constexpr std::array kKeyScopes{KeyScope::read, KeyScope::infer, KeyScope::admin};

constexpr std::string_view scope_name(KeyScope scope) noexcept {
  constexpr std::array<std::string_view, 4> kNames{"none", "read", "infer", "admin"};
  return kNames[static_cast<std::size_t>(scope)];
}

// Scopes of one key. It grants a scope if it has that one or a larger one.
class ScopeSet {
 public:
  constexpr void add(KeyScope scope) noexcept { bits_ = static_cast<std::uint8_t>(bits_ | bit(scope)); }
  constexpr bool has(KeyScope scope) const noexcept { return (bits_ & bit(scope)) != 0; }
  constexpr bool empty() const noexcept { return bits_ == 0; }
  constexpr bool grants(KeyScope scope) const noexcept { return bits_ >= bit(scope) || scope == KeyScope::none; }
  bool operator==(const ScopeSet&) const = default;

 private:
  static constexpr std::uint8_t bit(KeyScope scope) noexcept {
    return static_cast<std::uint8_t>(1u << static_cast<unsigned>(scope));
  }
  std::uint8_t bits_ = 0;
};

inline std::optional<KeyScope> scope_named(std::string_view name) noexcept {
  for (const KeyScope scope : kKeyScopes) {
    if (scope_name(scope) == name) return scope;
  }
  return std::nullopt;
}

inline std::string scope_names(ScopeSet scopes) {  // "read,infer"
  std::string out;
  for (const KeyScope scope : kKeyScopes) {
    if (scopes.has(scope)) out.append(out.empty() ? "" : ",").append(scope_name(scope));
  }
  return out;
}

}  // namespace quern::server
