#include "app/pull/progress.hpp"

#include "app/model_store.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace quern::app {
namespace {

using registry::pull::PullEvent;
using registry::pull::Stage;

constexpr std::size_t kBarColumns = 20, kNameColumns = 32;

// A name of the right length: its end tells quantisations and shards apart.
std::string shortened(const std::string& name, std::size_t columns) {
  return name.size() <= columns ? name : "..." + name.substr(name.size() - (columns - 3));
}

std::uint64_t percent(const PullEvent& event) {
  return event.total == 0
             ? 100
             : static_cast<std::uint64_t>(static_cast<double>(event.bytes) * 100 / static_cast<double>(event.total));
}

std::string bar(const PullEvent& event) {
  const std::size_t n = static_cast<std::size_t>(percent(event)) * kBarColumns / 100;
  return "[" + std::string(n, '#') + std::string(kBarColumns - n, '.') + "]";
}

std::string amounts(const PullEvent& event) {
  std::string out = fmt::format("{:>3}%  {} of {}", percent(event), bytes_text(event.bytes), bytes_text(event.total));
  if (event.stage != Stage::downloading || event.bytes >= event.total) return out;
  if (event.bytes_per_s >= 1) out += fmt::format("  {}/s", bytes_text(static_cast<std::uint64_t>(event.bytes_per_s)));
  if (event.seconds_left) out += fmt::format("  {} left", human_seconds(*event.seconds_left));
  return out;
}

std::string_view remark(Stage stage) {
  if (stage == Stage::elsewhere) return "  (another process fetches it)";
  return stage == Stage::verifying ? "  checking" : "";
}

}  // namespace

std::string human_seconds(std::uint64_t seconds) {
  if (seconds < 100) return fmt::format("{} s", seconds);
  if (seconds < 100 * 60) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {} min", seconds / 3600, seconds / 60 % 60);
}

std::string progress_line(const PullEvent& event, std::size_t columns) {
  if (event.file.empty() || event.stage == Stage::waiting) return {};
  const std::string name = shortened(event.file, kNameColumns);
  std::string line = fmt::format("{}  {} {}{}", name, bar(event), amounts(event), remark(event.stage));
  if (event.stage == Stage::present) line = fmt::format("{}  {}, here already", name, bytes_text(event.total));
  if (line.size() > columns) line = fmt::format("{}  {}", shortened(event.file, 12), amounts(event));
  return line.substr(0, columns);
}

void PullProgress::end_line() {
  if (drawn_) fmt::print(out_, "\n");
  drawn_ = false;
}

void PullProgress::draw(const std::string& line) {
  fmt::print(out_, "\r{}\x1b[K", line);
  std::fflush(out_);
  drawn_ = true;
}

void PullProgress::print(const std::string& line) {
  end_line();
  fmt::print(out_, "{}\n", line);
  std::fflush(out_);
}

void PullProgress::show_plan(const registry::sources::PullPlan& plan) {
  print(fmt::format("{}: {} in {} file{}", plan.name, bytes_text(plan.size()), plan.files.size(),
                    plan.files.size() == 1 ? "" : "s"));
  for (const std::string& note : plan.notes) print("  " + note);
}

void PullProgress::show(const PullEvent& event) {
  if (event.stage == Stage::planned && event.plan != nullptr) return show_plan(*event.plan);
  if (event.stage == Stage::waiting) return print(event.text);
  const std::string line = progress_line(event, columns_);
  if (line.empty()) return;
  if (terminal_) {
    draw(line);
    if (event.stage == Stage::finished || event.stage == Stage::present) end_line();
    return;
  }
  const std::uint64_t tenth = percent(event) / 10;
  const bool is_new = event.file != file_, is_end = event.stage == Stage::finished || event.stage == Stage::present;
  if (!is_new && !is_end && (tenth == tenth_ || event.stage != Stage::downloading)) return;
  file_ = event.file;
  tenth_ = tenth;
  print(event.stage == Stage::finished ? fmt::format("{}: done", event.file) : line);
}

}  // namespace quern::app
