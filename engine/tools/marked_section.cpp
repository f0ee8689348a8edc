// Calls whose names and arguments stand between marks: the pieces of ToolFormat::call, one after the other, again and
// again until the mark that ends the section. Without such a section each call is one by itself.
#include "engine/tools/arguments.hpp"
#include "engine/tools/arguments_reader.hpp"
#include "engine/tools/marks.hpp"
#include "engine/tools/section.hpp"

#include <utility>

namespace quern::engine::tools {
namespace {

using Piece = ToolFormat::Piece;
using Kind = Piece::Kind;

class JsonArguments final : public ArgumentsReader {
 public:
  void begin_call(const std::string&) override { copy_ = {}; }
  Step feed(char c, std::string& json) override { return copy_.feed(c, json); }
  std::string firsts() const override { return "{\"n"; }

 private:
  ArgumentsCopy copy_;
};

class MarkedSection final : public Section {
 public:
  MarkedSection(const ToolFormat& format, const ToolTable& tools, const ToolFormat::Trigger& begun)
      : name_holds_id_(format.name_holds_id), has_section_(!trimmed(format.section_end).empty()) {
    for (const Piece& piece : read_pieces(format)) {
      if (piece.kind == Kind::text && trimmed(piece.text).empty()) continue;
      pieces_.push_back({piece, Literal({piece.text})});
    }
    // A piece that may be left out: ids between name and arguments.
    for (std::size_t i = 0; i + 3 < pieces_.size(); ++i) {
      if (pieces_[i].piece.kind == Kind::text && is_id(pieces_[i + 1].piece.kind) &&
          pieces_[i + 2].piece.kind == Kind::text)
        pieces_[i].literal = Literal({pieces_[i].piece.text, pieces_[i + 2].piece.text});
    }
    arguments_ = make_arguments(format, tools);
    next_ = Literal(
        {format.section_end, first_text(), trimmed(format.between).empty() ? "" : format.between + first_text()});
    if (begun.part == ToolFormat::Trigger::Part::section) {
      skip_ = Literal({rest_of(format.section_begin, begun.text)});
      at_ = trimmed(rest_of(format.section_begin, begun.text)).empty() ? 0 : kOpening;
    } else {
      const std::string rest = rest_of(first_text(), begun.text);
      pieces_.front().literal = Literal({rest});
      at_ = trimmed(rest).empty() ? 1 : 0;
      restore_first_ = true;
      if (at_ == 1) restore_first();
    }
  }

  Step feed(char c, EventList& out) override {
    if (at_ == kOpening) {
      const Step step = skip_.feed(c);
      if (step == Step::done) at_ = 0;
      return step == Step::refused ? step : Step::more;
    }
    if (at_ == kBetween) return between(c);
    Part& part = pieces_[at_];
    switch (part.piece.kind) {
      case Kind::text:
        return text(part, c, out);
      case Kind::arguments:
        return arguments(c, out);
      default:
        return word(part.piece.kind, c, out);
    }
  }

  bool settled() const override { return at_ == kBetween; }

 private:
  struct Part {
    Piece piece;
    Literal literal;
  };
  static constexpr std::size_t kOpening = ~std::size_t{0}, kBetween = kOpening - 1;

  // Where the name holds the id, all of it is read as the name, whatever it looks like.
  static std::vector<Piece> read_pieces(const ToolFormat& format) {
    if (!format.name_holds_id) return format.call;
    std::vector<Piece> out = format.call;
    out.front().text.resize(out.front().text.rfind('>') + 1);
    out.erase(out.begin() + 2, out.begin() + 4);
    return out;
  }
  static bool is_id(Kind kind) noexcept { return kind == Kind::id || kind == Kind::counter; }
  static std::string rest_of(const std::string& mark, const std::string& begun) {
    return with_single_blanks(mark).substr(std::min(with_single_blanks(mark).size(), with_single_blanks(begun).size()));
  }
  const std::string& first_text() const { return pieces_.front().piece.text; }

  std::unique_ptr<ArgumentsReader> make_arguments(const ToolFormat& format, const ToolTable& tools) const {
    switch (format.syntax) {
      case Syntax::parameters:
        return make_parameters(format.parameters, pieces_.back().piece.text, tools);
      case Syntax::quoted:
        return make_quoted_arguments(format.quote);
      default:
        return std::make_unique<JsonArguments>();
    }
  }

  void restore_first() {
    if (std::exchange(restore_first_, false)) pieces_.front().literal = Literal({first_text()});
  }

  void enter(std::size_t at, EventList& out) {
    at_ = at;
    if (at_ >= pieces_.size()) {
      out.end_call();
      begun_ = false;
      next_.reset();
      at_ = kBetween;
      return;
    }
    Part& part = pieces_[at_];
    if (part.piece.kind == Kind::text) part.literal.reset();
    if (part.piece.kind == Kind::name) name_.clear();
    if (is_id(part.piece.kind)) id_.clear();
    if (part.piece.kind == Kind::arguments) {
      if (name_holds_id_) split_name();
      arguments_->begin_call(name_);
    }
  }

  Step after_call() const noexcept { return at_ == kBetween && !has_section_ ? Step::done : Step::more; }

  Step text(Part& part, char c, EventList& out) {
    const Step step = part.literal.feed(c);
    if (step != Step::done) return step;
    const std::size_t skipped = part.literal.index() * 2;  // the second alternative leaves out the id
    if (at_ == 0) restore_first();
    if (skipped > 0) id_.clear();
    enter(at_ + 1 + skipped, out);
    return after_call();
  }

  // A name or an id, which ends where the next piece begins.
  Step word(Kind kind, char c, EventList& out) {
    std::string& target = kind == Kind::name ? name_ : id_;
    const bool is_last = at_ + 1 >= pieces_.size();
    const bool next_is_text = !is_last && pieces_[at_ + 1].piece.kind == Kind::text;
    const std::string firsts = is_last ? "" : next_is_text ? pieces_[at_ + 1].literal.firsts() : arguments_->firsts();
    const bool ends = firsts.find(c) != std::string::npos || is_blank(c);
    if (!ends) {
      if (target.size() >= kMaxNameBytes || std::string_view("{}\"'`").find(c) != std::string_view::npos)
        return Step::refused;
      target += c;
      return Step::more;
    }
    if (target.empty()) return is_blank(c) ? Step::more : Step::refused;
    enter(at_ + 1, out);
    return feed(c, out);
  }

  Step arguments(char c, EventList& out) {
    std::string json;
    const Step step = arguments_->feed(c, json);
    if (step == Step::refused) return step;
    if (!json.empty()) {
      if (!begun_) out.begin_call(id_, name_);
      begun_ = true;
      out.arguments(json);
    }
    if (step == Step::more) return step;
    enter(at_ + 1 + (arguments_->takes_end() ? 1 : 0), out);
    return after_call();
  }

  // functions.f:0
  void split_name() {
    id_ = name_;
    if (const std::size_t colon = name_.rfind(':'); colon != std::string::npos) name_.resize(colon);
    constexpr std::string_view kPrefix = "functions.";
    if (name_.starts_with(kPrefix)) name_.erase(0, kPrefix.size());
  }

  Step between(char c) {
    const Step step = next_.feed(c);
    if (step != Step::done) return step;
    if (next_.index() == 0) return Step::done;
    at_ = 1;
    name_.clear();
    id_.clear();
    return Step::more;
  }

  const bool name_holds_id_, has_section_;
  std::vector<Part> pieces_;
  std::unique_ptr<ArgumentsReader> arguments_;
  Literal skip_, next_;
  std::size_t at_ = 0;
  bool restore_first_ = false, begun_ = false;
  std::string name_, id_;
};

}  // namespace

std::unique_ptr<ArgumentsReader> make_json_arguments() {
  return std::make_unique<JsonArguments>();
}

std::unique_ptr<Section> make_marked_section(const ToolFormat& format, const ToolTable& tools, const Begun& begun) {
  return std::make_unique<MarkedSection>(format, tools, *begun);
}

}  // namespace quern::engine::tools
