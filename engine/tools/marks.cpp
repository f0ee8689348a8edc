#include "engine/tools/marks.hpp"

#include <utility>

namespace quern::engine::tools {

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string with_single_blanks(std::string_view text) {
  std::string out;
  for (const char c : trimmed(text)) {
    if (!is_blank(c))
      out += c;
    else if (out.back() != ' ')
      out += ' ';
  }
  return out;
}

Finder::Finder(std::vector<std::string> marks) {
  for (std::string& mark : marks) {
    if (mark.empty()) continue;
    firsts_[static_cast<unsigned char>(mark.front())] = true;
    marks_.push_back(std::move(mark));
  }
}

bool Finder::begins_mark(std::string_view text) const noexcept {
  for (const std::string& mark : marks_) {
    if (mark.starts_with(text)) return true;
  }
  return false;
}

std::optional<std::size_t> Finder::feed(char c, std::string& before) {
  if (held_.empty() && !firsts_[static_cast<unsigned char>(c)]) {
    before += c;
    return std::nullopt;
  }
  held_ += c;
  std::size_t skipped = 0;
  while (skipped < held_.size() && !begins_mark(std::string_view(held_).substr(skipped))) ++skipped;
  before.append(held_, 0, skipped);
  held_.erase(0, skipped);
  for (std::size_t i = 0; i < marks_.size(); ++i) {
    if (marks_[i] != held_) continue;
    held_.clear();
    return i;
  }
  return std::nullopt;
}

Literal::Literal(const std::vector<std::string>& marks) {
  for (const std::string& mark : marks) {
    alternatives_.push_back({with_single_blanks(mark)});
    if (!alternatives_.back().mark.empty()) firsts_ += alternatives_.back().mark.front();
  }
  reset();
}

void Literal::reset() noexcept {
  for (Alternative& a : alternatives_) {
    a.at = 0;
    a.alive = !a.mark.empty();
  }
  started_ = false;
}

bool Literal::advance(Alternative& a, char c) {
  const std::string& mark = a.mark;
  if (is_blank(c)) return a.at == 0 || mark[a.at] == ' ' || (mark[a.at - 1] == '>' && mark[a.at] == '<');
  if (mark[a.at] == ' ') ++a.at;
  if (mark[a.at] != c) return false;
  ++a.at;
  return true;
}

Step Literal::feed(char c) {
  bool any = false;
  for (std::size_t i = 0; i < alternatives_.size(); ++i) {
    Alternative& a = alternatives_[i];
    if (!a.alive) continue;
    a.alive = advance(a, c);
    any = any || a.alive;
    if (!a.alive || a.at < a.mark.size()) continue;
    index_ = i;
    return Step::done;
  }
  if (!any) return Step::refused;
  started_ = started_ || !is_blank(c);
  return Step::more;
}

}  // namespace quern::engine::tools
