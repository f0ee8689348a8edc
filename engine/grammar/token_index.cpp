#include "engine/grammar/token_index.hpp"

#include "engine/grammar/byte_dfa.hpp"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

namespace quern::engine::grammar {
namespace {

constexpr std::size_t kMaxTokenBytes = 4096;  // a longer one is never needed: it is left out

constexpr std::array<std::uint8_t, 256> make_kinds() {
  std::array<std::uint8_t, 256> out{};
  std::uint8_t next = 10;
  for (std::size_t byte = 0; byte < 256; ++byte) {
    const auto in = [&](std::size_t first, std::size_t last) { return byte >= first && byte <= last; };
    if (in('0', '9')) {
      out[byte] = 0;
    } else if (in('a', 'f') || in('A', 'F')) {
      out[byte] = in('a', 'f') ? 1 : 2;
    } else if (in('g', 'z') || in('G', 'Z')) {
      out[byte] = in('g', 'z') ? 3 : 4;
    } else if (byte >= 0x80) {
      out[byte] = in(0x80, 0xBF) ? 5 : in(0xC0, 0xDF) ? 6 : in(0xE0, 0xEF) ? 7 : in(0xF0, 0xF7) ? 8 : 9;
    } else if (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') {
      out[byte] = 63;
    } else {
      out[byte] = next++;  // blanks and signs, each its own
    }
  }
  return out;
}
constexpr std::array<std::uint8_t, 256> kKinds = make_kinds();

}  // namespace

std::uint8_t byte_kind(std::uint8_t byte) noexcept {
  return kKinds[byte];
}

TokenTree::TokenTree(std::vector<Entry> entries) {
  std::erase_if(entries, [](const Entry& entry) { return entry.bytes.empty() || entry.bytes.size() > kMaxTokenBytes; });
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return std::tie(a.bytes, a.id) < std::tie(b.bytes, b.id); });
  std::vector<std::uint32_t> path{0};  // nodes from the root to the last one made
  nodes_.push_back({});
  std::string_view last;
  const auto close = [&](std::size_t depth) {
    while (path.size() > depth + 1) {
      nodes_[path.back()].end = static_cast<std::uint32_t>(nodes_.size());
      path.pop_back();
    }
  };
  for (const Entry& entry : entries) {
    std::size_t shared = 0;
    while (shared < last.size() && shared < entry.bytes.size() && last[shared] == entry.bytes[shared]) ++shared;
    close(shared);
    for (std::size_t i = shared; i < entry.bytes.size(); ++i) {
      path.push_back(static_cast<std::uint32_t>(nodes_.size()));
      nodes_.push_back({0, static_cast<std::uint32_t>(ids_.size()), static_cast<std::uint16_t>(i + 1),
                        static_cast<std::uint8_t>(entry.bytes[i])});
    }
    ids_.push_back(entry.id);
    max_depth_ = std::max(max_depth_, static_cast<std::uint16_t>(entry.bytes.size()));
    last = entry.bytes;
  }
  close(0);
  nodes_[0].end = static_cast<std::uint32_t>(nodes_.size());
  nodes_.push_back({0, static_cast<std::uint32_t>(ids_.size()), 0, 0});
  kinds_.assign(nodes_.size(), 0);
  for (std::uint32_t at = size(); at-- > 0;) {
    for (std::uint32_t child = at + 1; child < nodes_[at].end; child = nodes_[child].end) {
      kinds_[at] |= kinds_[child] | std::uint64_t{1} << byte_kind(nodes_[child].byte);
    }
  }
}

TokenIndex::TokenIndex(const Tokenizer& tokenizer, std::span<const TokenId> ends) {
  const std::uint32_t n = tokenizer.n_vocab();
  offsets_.reserve(n + 1);
  offsets_.push_back(0);
  std::vector<TokenTree::Entry> entries;
  entries.reserve(n);
  for (std::uint32_t i = 0; i < n; ++i) {
    const auto id = static_cast<TokenId>(i);
    std::string bytes;
    if (tokenizer.is_end_of_generation(id) || std::find(ends.begin(), ends.end(), id) != ends.end()) {
      ends_.push_back(id);
    } else {
      switch (tokenizer.kind(id)) {
        case TokenKind::normal:
        case TokenKind::byte:
        case TokenKind::user_defined:
          bytes = tokenizer.piece(id, false);
          // No text has these bytes, which stand for the borders of control tokens here.
          if (bytes.find_first_of("\xFE\xFF") != std::string::npos) bytes.clear();
          break;
        case TokenKind::control:
          bytes =
              static_cast<char>(kControlBegin) + std::string(tokenizer.token_text(id)) + static_cast<char>(kControlEnd);
          break;
        case TokenKind::unknown:
        case TokenKind::unused:
          break;
      }
    }
    text_ += bytes;
    offsets_.push_back(static_cast<std::uint32_t>(text_.size()));
    if (!bytes.empty()) entries.push_back({std::move(bytes), id});
  }
  tree_ = TokenTree(std::move(entries));
}

bool TokenIndex::is_end(TokenId id) const noexcept {
  return std::binary_search(ends_.begin(), ends_.end(), id);
}

}  // namespace quern::engine::grammar
