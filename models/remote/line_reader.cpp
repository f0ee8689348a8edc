#include "models/remote/line_reader.hpp"

#include <utility>

namespace quern::models {

Status LineReader::add(std::string_view bytes) {
  bytes_.erase(0, begin_);
  searched_ -= begin_;
  begin_ = 0;
  bytes_ += bytes;
  if (bytes_.size() > kMaxBytes && bytes_.find('\n', searched_) == std::string::npos) {
    return fail(Errc::overloaded, "a line of more than {} bytes", kMaxBytes);
  }
  return {};
}

std::optional<std::string_view> LineReader::next() {
  const std::size_t end = bytes_.find('\n', searched_);
  if (end == std::string::npos) {
    searched_ = bytes_.size();
    return std::nullopt;
  }
  std::string_view line(bytes_.data() + begin_, end - begin_);
  if (line.ends_with('\r')) line.remove_suffix(1);
  begin_ = searched_ = end + 1;
  return line;
}

Result<std::optional<SseEvent>> SseReader::next() {
  while (const auto line = lines_.next()) {
    if (line->empty()) {
      SseEvent out = std::exchange(event_, {});
      if (std::exchange(has_data_, false)) return std::optional(std::move(out));
      continue;
    }
    const std::size_t colon = std::min(line->find(':'), line->size());
    const std::string_view name = line->substr(0, colon);
    std::string_view value = line->substr(std::min(colon + 1, line->size()));
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (name == "event") event_.name = value;
    if (name != "data") continue;
    if (event_.data.size() + value.size() > LineReader::kMaxBytes) {
      return fail(Errc::overloaded, "an event of more than {} bytes", LineReader::kMaxBytes);
    }
    if (std::exchange(has_data_, true)) event_.data += '\n';
    event_.data += value;
  }
  return std::optional<SseEvent>();
}

}  // namespace quern::models
