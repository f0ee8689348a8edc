#include "engine/grammar/number_text.hpp"

#include "engine/grammar/byte_dfa.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

namespace quern::engine::grammar {
namespace {

constexpr std::uint32_t kMaxDivisor = 2000;  // as many states, times the digits behind the point
constexpr std::size_t kMaxPlaces = 6;

class NumberTexts {
 public:
  NumberTexts(Grammar& grammar, bool whole) : grammar_(grammar), whole_(whole), digit_(between('0', '9')) {
    digits_ = grammar_.repeat(digit_, 0, kUnlimited);
    any_fraction_ =
        whole ? grammar_.empty() : grammar_.optional(grammar_.sequence({grammar_.text("."), digit_, digits_}));
  }

  Expr all() {
    const Expr exponent = grammar_.sequence({one_of("eE"), grammar_.optional(one_of("+-")), digit_, digits_});
    std::vector<Expr> parts{grammar_.optional(grammar_.text("-")), whole_part(), any_fraction_};
    if (!whole_) parts.push_back(grammar_.optional(exponent));
    return grammar_.sequence(std::move(parts));
  }

  Expr plain() { return grammar_.sequence({grammar_.optional(grammar_.text("-")), whole_part(), any_fraction_}); }

  // min <= x <= max, each where there is one.
  Expr between_bounds(const std::optional<NumberBound>& min, const std::optional<NumberBound>& max) {
    std::vector<Expr> out;
    const Decimal zero;
    const bool some_positive =
        !max || compare(max->value, zero) > 0 || (compare(max->value, zero) == 0 && !max->exclusive);
    const bool some_negative =
        !min || compare(min->value, zero) < 0 || (compare(min->value, zero) == 0 && !min->exclusive);
    if (some_positive) {
      const bool from_zero = !min || min->value.negative;
      out.push_back(sizes(from_zero ? std::nullopt : min, max));
    }
    if (some_negative) {
      std::optional<NumberBound> least, most;
      if (max && max->value.negative) least = NumberBound{max->value.negated(), max->exclusive};
      if (max && max->value.is_zero() && max->exclusive) least = NumberBound{zero, true};
      if (min) most = NumberBound{min->value.negated(), min->exclusive};
      out.push_back(grammar_.sequence({grammar_.text("-"), sizes(least, most)}));
    }
    return grammar_.choice(std::move(out));
  }

 private:
  Expr between(char first, char last) {
    return grammar_.chars({{static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(last)}});
  }
  Expr one_of(std::string_view chars) {
    CharSet set;
    for (const char c : chars) set.add({static_cast<std::uint8_t>(c), static_cast<std::uint8_t>(c)});
    return grammar_.chars(set);
  }
  Expr times(Expr expr, std::size_t n) { return grammar_.repeat(expr, n, n); }
  Expr whole_part() { return grammar_.choice({grammar_.text("0"), grammar_.sequence({between('1', '9'), digits_})}); }

  // Numbers that are not negative, without a sign.
  Expr sizes(const std::optional<NumberBound>& min, const std::optional<NumberBound>& max) {
    Expr out = grammar_.sequence({whole_part(), any_fraction_});
    if (min) out = at_least(*min);
    if (max) out = min ? grammar_.both(out, at_most(*max)) : at_most(*max);
    return out;
  }

  Expr at_least(const NumberBound& bound) {
    const std::string& whole = bound.value.whole;
    std::vector<Expr> out;
    // More digits; the same with a larger one at some place; the same digits, and the fraction decides.
    out.push_back(grammar_.sequence(
        {between('1', '9'), times(digit_, std::max<std::size_t>(whole.size(), 1)), digits_, any_fraction_}));
    if (whole.empty()) out.push_back(grammar_.sequence({between('1', '9'), any_fraction_}));
    for (std::size_t i = 0; i < whole.size(); ++i) {
      if (whole[i] == '9') continue;
      out.push_back(grammar_.sequence({grammar_.text(whole.substr(0, i)), between(static_cast<char>(whole[i] + 1), '9'),
                                       times(digit_, whole.size() - i - 1), any_fraction_}));
    }
    out.push_back(grammar_.sequence({grammar_.text(whole.empty() ? "0" : whole), fraction_at_least(bound)}));
    return grammar_.choice(std::move(out));
  }

  Expr at_most(const NumberBound& bound) {
    const std::string& whole = bound.value.whole;
    std::vector<Expr> out;
    if (!whole.empty()) out.push_back(grammar_.sequence({grammar_.text("0"), any_fraction_}));
    if (whole.size() > 1) {
      out.push_back(
          grammar_.sequence({between('1', '9'), grammar_.repeat(digit_, 0, whole.size() - 2), any_fraction_}));
    }
    for (std::size_t i = 0; i < whole.size(); ++i) {
      const char least = i == 0 ? '1' : '0';
      if (whole[i] <= least) continue;
      out.push_back(
          grammar_.sequence({grammar_.text(whole.substr(0, i)), between(least, static_cast<char>(whole[i] - 1)),
                             times(digit_, whole.size() - i - 1), any_fraction_}));
    }
    out.push_back(grammar_.sequence({grammar_.text(whole.empty() ? "0" : whole), fraction_at_most(bound)}));
    return grammar_.choice(std::move(out));
  }

  // What follows the bound's own whole part.
  Expr fraction_at_least(const NumberBound& bound) {
    const std::string& fraction = bound.value.fraction;
    const Expr zeros = grammar_.repeat(grammar_.text("0"), 0, kUnlimited);
    const Expr not_zero = grammar_.sequence({zeros, between('1', '9'), digits_});
    if (whole_) return fraction.empty() && !bound.exclusive ? grammar_.empty() : grammar_.nothing();
    if (fraction.empty()) {
      return bound.exclusive ? grammar_.sequence({grammar_.text("."), not_zero}) : any_fraction_;
    }
    std::vector<Expr> out;
    for (std::size_t i = 0; i < fraction.size(); ++i) {
      if (fraction[i] == '9') continue;
      out.push_back(grammar_.sequence(
          {grammar_.text("." + fraction.substr(0, i)), between(static_cast<char>(fraction[i] + 1), '9'), digits_}));
    }
    out.push_back(grammar_.sequence({grammar_.text("." + fraction), bound.exclusive ? not_zero : digits_}));
    return grammar_.choice(std::move(out));
  }

  Expr fraction_at_most(const NumberBound& bound) {
    const std::string& fraction = bound.value.fraction;
    const Expr zero = grammar_.text("0");
    const Expr zeros = grammar_.repeat(zero, 0, kUnlimited);
    if (fraction.empty()) {
      if (bound.exclusive) return grammar_.nothing();
      return whole_ ? grammar_.empty() : grammar_.optional(grammar_.sequence({grammar_.text("."), zero, zeros}));
    }
    std::vector<Expr> out{grammar_.empty()};  // the whole part alone is smaller
    if (whole_) return grammar_.empty();
    for (std::size_t i = 0; i < fraction.size(); ++i) {
      // The beginning of the bound's fraction alone is smaller too, and so is a smaller digit at some place.
      if (i > 0) out.push_back(grammar_.text("." + fraction.substr(0, i)));
      if (fraction[i] == '0') continue;
      out.push_back(grammar_.sequence(
          {grammar_.text("." + fraction.substr(0, i)), between('0', static_cast<char>(fraction[i] - 1)), digits_}));
    }
    if (!bound.exclusive) out.push_back(grammar_.sequence({grammar_.text("." + fraction), zeros}));
    return grammar_.choice(std::move(out));
  }

  Grammar& grammar_;
  const bool whole_;
  Expr digit_, digits_, any_fraction_;
};

// Plain numbers that are multiples: the remainder of the digits so far is the state, and how many of them stand behind
// the point.
std::optional<ByteDfa> multiples_of(const Decimal& value, bool whole) {
  const std::size_t places = value.fraction.size();
  const std::string digits = value.whole + value.fraction;
  if (places > kMaxPlaces || digits.size() > 9) return std::nullopt;
  const auto divisor = static_cast<std::uint32_t>(std::stoul(digits));
  if (divisor == 0 || divisor * (places + 2) > kMaxDivisor * 4 || divisor > kMaxDivisor) return std::nullopt;
  // start, after '-', "0" alone, then [place][remainder]: place 0 before the point, 1 just behind it.
  ByteDfa dfa;
  dfa.n_classes = 13;
  dfa.class_of.fill(12);
  for (std::size_t d = 0; d < 10; ++d) dfa.class_of[static_cast<std::size_t>('0') + d] = static_cast<std::uint8_t>(d);
  dfa.class_of[static_cast<std::size_t>('-')] = 10;
  dfa.class_of[static_cast<std::size_t>('.')] = 11;
  const std::size_t n_places = whole ? 0 : std::max<std::size_t>(places, 1);
  const auto state = [&](std::size_t place, std::uint32_t remainder) { return 4 + place * divisor + remainder; };
  const std::size_t n = state(n_places + 2, 0);
  dfa.next.assign(n * dfa.n_classes, ByteDfa::kDead);
  dfa.label.assign(n, ByteDfa::kNoLabel);
  const auto edge = [&](std::size_t from, std::size_t column, std::size_t to) {
    dfa.next[from * dfa.n_classes + column] = static_cast<ByteDfa::State>(to);
  };
  dfa.start = 1;
  edge(1, 10, 2);
  // What the remainder becomes when the digits that are still missing behind the point are zeros.
  const auto complete = [&](std::size_t place, std::uint32_t remainder) {
    std::uint64_t r = remainder;
    for (std::size_t i = place; i < places; ++i) r = r * 10 % divisor;
    return r == 0;
  };
  for (const std::size_t from : {std::size_t{1}, std::size_t{2}}) {
    edge(from, 0, 3);
    for (std::uint32_t d = 1; d < 10; ++d) edge(from, d, state(0, d % divisor));
  }
  dfa.label[3] = 0;  // zero is a multiple of everything
  if (!whole) edge(3, 11, state(1, 0));
  // Places: 0 whole part; 1 behind the point, no digit yet; k + 1 after k digits behind it.
  for (std::uint32_t r = 0; r < divisor; ++r) {
    for (std::uint32_t d = 0; d < 10; ++d) edge(state(0, r), d, state(0, (r * 10 + d) % divisor));
    if (complete(0, r)) dfa.label[state(0, r)] = 0;
    if (whole) continue;
    edge(state(0, r), 11, state(1, r));
    for (std::size_t k = 0; k <= n_places; ++k) {
      const std::size_t from = state(k + 1, r);
      for (std::uint32_t d = 0; d < 10; ++d) {
        if (k < places) {
          edge(from, d, state(k + 2, (r * 10 + d) % divisor));
        } else if (d == 0) {
          edge(from, d, state(std::min(k + 2, n_places + 1), r));
        }
      }
      if (k > 0 && complete(std::min(k, places), r)) dfa.label[from] = 0;
    }
  }
  return minimize(dfa);
}

}  // namespace

std::optional<Expr> add_number(Grammar& grammar, const NumberRange& range) {
  NumberTexts texts(grammar, range.whole);
  if (!range.min && !range.max && range.multiples.empty()) return texts.all();
  std::optional<NumberBound> min = range.min, max = range.max;
  if (range.whole && min && !min->value.is_whole()) min = NumberBound{round_up(min->value), false};
  if (range.whole && max && !max->value.is_whole()) max = NumberBound{round_down(max->value), false};
  Expr out = min || max ? texts.between_bounds(min, max) : texts.plain();
  for (const Decimal& multiple : range.multiples) {
    std::optional<ByteDfa> dfa = multiples_of(multiple, range.whole);
    if (!dfa.has_value()) return std::nullopt;
    out = grammar.both(out, grammar.automaton(std::make_shared<const ByteDfa>(std::move(*dfa))));
  }
  return out;
}

bool contains(const NumberRange& range, const Decimal& value) {
  if (range.whole && !value.is_whole()) return false;
  if (range.min) {
    const int order = compare(value, range.min->value);
    if (order < 0 || (order == 0 && range.min->exclusive)) return false;
  }
  if (range.max) {
    const int order = compare(value, range.max->value);
    if (order > 0 || (order == 0 && range.max->exclusive)) return false;
  }
  for (const Decimal& multiple : range.multiples) {
    std::optional<ByteDfa> dfa = multiples_of(multiple, false);
    if (!dfa.has_value()) continue;
    ByteDfa::State state = dfa->start;
    for (const char c : value.text()) state = dfa->step(state, static_cast<std::uint8_t>(c));
    if (!dfa->accepts(state)) return false;
  }
  return true;
}

}  // namespace quern::engine::grammar
