#include "base/log_record.hpp"

#include <atomic>
#include <iterator>
#include <memory>

#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/spdlog.h>

namespace quern::log {
namespace {

std::atomic<Format> current_format{Format::text};

// Begins a message that is members of an object already.
constexpr char kMembers = '\x01';

// "message":"..." of a plain message, escaped.
class MembersFlag final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    const std::string_view payload(message.payload.data(), message.payload.size());
    const std::string text =
        payload.starts_with(kMembers) ? std::string(payload.substr(1)) : "\"message\":" + json_string(payload);
    out.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<MembersFlag>(); }
};

struct ValueText {
  bool json;
  std::string operator()(std::int64_t value) const { return fmt::format("{}", value); }
  std::string operator()(double value) const { return fmt::format("{:.6g}", value); }
  std::string operator()(const std::string& value) const { return json ? json_string(value) : value; }
};

}  // namespace

void set_format(Format format) {
  if (format == Format::json) {
    auto formatter = std::make_unique<spdlog::pattern_formatter>();
    formatter->add_flag<MembersFlag>('*');
    formatter->set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l",%*})");
    spdlog::default_logger()->set_formatter(std::move(formatter));
  } else {
    spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e %^%l%$ %v");
  }
  current_format.store(format, std::memory_order_relaxed);
}

void record(std::string_view event, std::span<const Field> fields) {
  const bool json = current_format.load(std::memory_order_relaxed) == Format::json;
  std::string line = json ? fmt::format("{}\"message\":{}", kMembers, json_string(event)) : std::string(event);
  for (const Field& field : fields) {
    const std::string value = std::visit(ValueText{json}, field.value);
    fmt::format_to(std::back_inserter(line), fmt::runtime(json ? ",\"{}\":{}" : " {}={}"), field.name, value);
  }
  spdlog::info("{}", line);
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace quern::log
