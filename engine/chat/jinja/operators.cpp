// Arithmetic and comparison. Source: the Python language reference, "Binary arithmetic operations": // and % round
// towards minus infinity, / is always a float.
#include "engine/chat/jinja/operators.hpp"

#include "engine/chat/jinja/integers.hpp"
#include "engine/chat/jinja/text.hpp"

#include <cmath>
#include <optional>

namespace quern::engine::chat::jinja {

namespace {

constexpr std::string_view kSymbols[] = {"+", "-", "*", "/", "//", "%", "**"};
constexpr std::int64_t kExactIntegers = 1ll << 53;  // as doubles
constexpr std::string_view kCompareSymbols[] = {"==", "!=", "<", "<=", ">", ">=", "in", "not in"};

// What fits into 64 bits; everything else is done by integers.hpp.
std::optional<std::int64_t> small_integers(BinaryOp op, std::int64_t a, std::int64_t b) noexcept {
  std::int64_t out = 0;
  switch (op) {
    case BinaryOp::add:
      return __builtin_add_overflow(a, b, &out) ? std::nullopt : std::optional(out);
    case BinaryOp::subtract:
      return __builtin_sub_overflow(a, b, &out) ? std::nullopt : std::optional(out);
    case BinaryOp::multiply:
      return __builtin_mul_overflow(a, b, &out) ? std::nullopt : std::optional(out);
    case BinaryOp::floor_divide:
    case BinaryOp::modulo: {
      if (b == 0 || b == -1) return std::nullopt;
      const std::int64_t rest = a % b;
      const bool rounds = rest != 0 && (rest < 0) != (b < 0);
      return op == BinaryOp::modulo ? rest + (rounds ? b : 0) : a / b - (rounds ? 1 : 0);
    }
    default:
      return std::nullopt;
  }
}

double power_of(double a, double b) {
  if (a == 0 && b < 0) throw_type("0.0 cannot be raised to a negative power");
  if (a < 0 && b != std::floor(b)) throw_type("the power of a negative number has no real value");
  const double out = std::pow(a, b);
  if (std::isinf(out) && std::isfinite(a) && std::isfinite(b)) throw_type("the power is too large for a float");
  return out;
}

// The rest has the sign of the divisor, zeros too.
double rest_of(double a, double b) {
  double rest = std::fmod(a, b);
  if (rest == 0) return std::copysign(0.0, b);
  if ((rest < 0) != (b < 0)) rest += b;
  return rest;
}

double floor_of(double a, double b) {
  const double rest = std::fmod(a, b);
  const double towards_zero = (a - rest) / b;
  const double whole = rest != 0 && (rest < 0) != (b < 0) ? towards_zero - 1 : towards_zero;
  if (whole == 0) return std::copysign(0.0, a / b);
  const double floor = std::floor(whole);
  return whole - floor > 0.5 ? floor + 1 : floor;
}

double reals(BinaryOp op, double a, double b) {
  switch (op) {
    case BinaryOp::add:
      return a + b;
    case BinaryOp::subtract:
      return a - b;
    case BinaryOp::multiply:
      return a * b;
    case BinaryOp::power:
      return power_of(a, b);
    default:
      if (b == 0) throw_type("division by zero");
      return op == BinaryOp::divide ? a / b : op == BinaryOp::modulo ? rest_of(a, b) : floor_of(a, b);
  }
}

Value numbers(Heap& heap, BinaryOp op, const Value& a, const Value& b) {
  if (!a.is_whole() || !b.is_whole()) return Value::real(reals(op, a.as_real(), b.as_real()));
  if (op == BinaryOp::divide) {
    const auto is_exact = [](const Value& v) { return v.is_int() && std::abs(v.as_int() / 2) < kExactIntegers / 2; };
    return Value::real(is_exact(a) && is_exact(b) ? reals(op, a.as_real(), b.as_real()) : quotient_of(heap, a, b));
  }
  if (op == BinaryOp::power && is_negative(b)) return Value::real(reals(op, a.as_real(), b.as_real()));
  if (a.is_int() && b.is_int())
    if (const auto small = small_integers(op, a.as_int(), b.as_int()); small) return Value::integer(*small);
  return whole_numbers(heap, op, a, b);
}

void check_size(Interpreter& in, std::size_t n, std::size_t unit) {
  if (n > in.heap().limits().max_bytes / unit)
    throw_failure(FailureKind::limit, "the result would have more than {} bytes", in.heap().limits().max_bytes);
}

// "ab" * 3, [a] * 3
Value repeat(Interpreter& in, const Value& what, std::int64_t times) {
  const std::size_t n = times > 0 ? static_cast<std::size_t>(times) : 0;
  const std::size_t size = what.is(Kind::string) ? what.text().size() : what.as_list().items().size() * sizeof(Value);
  check_size(in, size == 0 ? 0 : n, std::max<std::size_t>(size, 1));
  if (what.is(Kind::string)) {
    std::string out;
    in.heap().copy(size * n);
    out.reserve(size * n);
    for (std::size_t i = 0; i < n && size > 0; ++i) out += what.text();
    return Value::string(in.heap(), std::move(out), what.as_string().safe());
  }
  std::vector<Value> out;
  const std::vector<Value>& items = what.as_list().items();
  in.heap().step(n * items.size());
  for (std::size_t i = 0; i < n && size > 0; ++i) out.insert(out.end(), items.begin(), items.end());
  return make_list(in.heap(), std::move(out), what.as_list().form());
}

Value add_strings(Interpreter& in, const String& a, const String& b) {
  const bool safe = a.safe() || b.safe();
  const auto part = [safe](const String& s) { return safe && !s.safe() ? escape_html(s.text()) : s.text(); };
  std::string out = part(a);
  out += part(b);
  return Value::string(in.heap(), std::move(out), safe);
}

bool is_plain_list(const Value& value) {
  return value.is(Kind::list) && value.as_list().form() <= ListForm::tuple;
}

}  // namespace

Value binary(Interpreter& in, BinaryOp op, const Value& a, const Value& b) {
  const bool formats = op == BinaryOp::modulo && a.is(Kind::string);
  require_defined(a);
  if (!formats) require_defined(b);
  if (a.is_number() && b.is_number()) return numbers(in.heap(), op, a, b);
  if (formats)
    return Value::string(in.heap(), percent_format(in, a.text(), b, a.as_string().safe()), a.as_string().safe());
  if (op == BinaryOp::add) {
    if (a.is(Kind::string) && b.is(Kind::string)) return add_strings(in, a.as_string(), b.as_string());
    if (is_plain_list(a) && is_plain_list(b) && a.as_list().form() == b.as_list().form()) {
      std::vector<Value> out = a.as_list().items();
      out.insert(out.end(), b.as_list().items().begin(), b.as_list().items().end());
      return make_list(in.heap(), std::move(out), a.as_list().form());
    }
  }
  if (op == BinaryOp::multiply) {
    if ((a.is(Kind::string) || is_plain_list(a)) && b.is_whole()) return repeat(in, a, clamped(b));
    if ((b.is(Kind::string) || is_plain_list(b)) && a.is_whole()) return repeat(in, b, clamped(a));
  }
  throw_type("'{}' cannot combine {} and {}", kSymbols[static_cast<std::size_t>(op)], described(a), described(b));
}

Value unary(Interpreter& in, UnaryOp op, const Value& operand) {
  if (op == UnaryOp::logical_not) return Value::boolean(!truthy(operand));
  require_defined(operand);
  if (!operand.is_number())
    throw_type("'{}' needs a number, found {}", op == UnaryOp::negate ? '-' : '+', described(operand));
  if (operand.is(Kind::real)) return Value::real(op == UnaryOp::negate ? -operand.as_real() : operand.as_real());
  if (op == UnaryOp::negate) return negated(in.heap(), operand);
  return operand.is_int() ? Value::integer(operand.as_int()) : operand;
}

bool compare(Interpreter& in, CompareOp op, const Value& left, const Value& right) {
  Heap& heap = in.heap();
  switch (op) {
    case CompareOp::equal:
      return equal(heap, left, right);
    case CompareOp::not_equal:
      return !equal(heap, left, right);
    case CompareOp::in:
      return contains(heap, right, left);
    case CompareOp::not_in:
      return !contains(heap, right, left);
    default:
      break;
  }
  bool unordered = false;
  const int order = compare(heap, left, right, kCompareSymbols[static_cast<std::size_t>(op)], unordered);
  if (unordered) return false;
  switch (op) {
    case CompareOp::less:
      return order < 0;
    case CompareOp::less_equal:
      return order <= 0;
    case CompareOp::greater:
      return order > 0;
    default:
      return order >= 0;
  }
}

}  // namespace quern::engine::chat::jinja
