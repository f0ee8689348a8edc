// Arithmetic and comparison. Source: the Python language reference, "Binary arithmetic operations": // and % round
// towards minus infinity, / is always a float, and what does not fit into 64 bits is a failure.
#include "engine/chat/jinja/operators.hpp"

#include "engine/chat/jinja/text.hpp"

#include <cmath>
#include <limits>

namespace quern::engine::chat::jinja {

namespace {

constexpr std::string_view kSymbols[] = {"+", "-", "*", "/", "//", "%", "**"};
constexpr std::string_view kCompareSymbols[] = {"==", "!=", "<", "<=", ">", ">=", "in", "not in"};

[[noreturn]] void throw_overflow() {
  throw_type("an integer is too large");
}

std::int64_t power_of(std::int64_t base, std::int64_t exponent) {
  std::int64_t out = 1;
  if (base == 0 || base == 1) return exponent == 0 ? 1 : base;
  if (base == -1) return exponent % 2 == 0 ? 1 : -1;
  for (; exponent > 0; --exponent)  // any other base overflows within 63 rounds
    if (__builtin_mul_overflow(out, base, &out)) throw_overflow();
  return out;
}

std::int64_t integers(BinaryOp op, std::int64_t a, std::int64_t b) {
  std::int64_t out = 0;
  bool overflow = false;
  switch (op) {
    case BinaryOp::add:
      overflow = __builtin_add_overflow(a, b, &out);
      break;
    case BinaryOp::subtract:
      overflow = __builtin_sub_overflow(a, b, &out);
      break;
    case BinaryOp::multiply:
      overflow = __builtin_mul_overflow(a, b, &out);
      break;
    case BinaryOp::power:
      return power_of(a, b);
    default: {  // floor_divide, modulo
      if (b == 0) throw_type("integer division or modulo by zero");
      if (b == -1) {
        if (op == BinaryOp::modulo) return 0;
        overflow = __builtin_sub_overflow(std::int64_t{0}, a, &out);
        break;
      }
      const std::int64_t rest = a % b;
      const bool rounds = rest != 0 && (rest < 0) != (b < 0);
      return op == BinaryOp::modulo ? rest + (rounds ? b : 0) : a / b - (rounds ? 1 : 0);
    }
  }
  if (overflow) throw_overflow();
  return out;
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
      if (a == 0 && b < 0) throw_type("0.0 cannot be raised to a negative power");
      if (a < 0 && b != std::floor(b)) throw_type("complex numbers are not supported");
      return std::pow(a, b);
    default:
      if (b == 0) throw_type("float division by zero");
      if (op == BinaryOp::divide) return a / b;
      double rest = std::fmod(a, b);
      if (rest != 0 && (rest < 0) != (b < 0)) rest += b;
      return op == BinaryOp::modulo ? rest : std::floor((a - rest) / b + 0.5);
  }
}

Value numbers(BinaryOp op, const Value& a, const Value& b) {
  const bool is_integer =
      a.is_int() && b.is_int() && op != BinaryOp::divide && (op != BinaryOp::power || b.as_int() >= 0);
  if (is_integer) return Value::integer(integers(op, a.as_int(), b.as_int()));
  return Value::real(reals(op, a.as_real(), b.as_real()));
}

void check_size(Interpreter& in, std::size_t n, std::size_t unit) {
  if (n > in.heap().limits().max_bytes / unit)
    throw_failure(FailureKind::limit, "the result would have more than {} bytes", in.heap().limits().max_bytes);
}

// "ab" * 3, [a] * 3
Value repeat(Interpreter& in, const Value& what, std::int64_t times) {
  const std::size_t n = times > 0 ? static_cast<std::size_t>(times) : 0;
  const std::size_t size = what.is(Kind::string) ? what.text().size() : what.as_list().items().size() * sizeof(Value);
  check_size(in, n, std::max<std::size_t>(size, 1));
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
  if (a.is_number() && b.is_number()) return numbers(op, a, b);
  if (formats)
    return Value::string(in.heap(), percent_format(in, a.text(), b, a.as_string().safe()), a.as_string().safe());
  if (op == BinaryOp::add) {
    if (a.is(Kind::string) && b.is(Kind::string)) return add_strings(in, a.as_string(), b.as_string());
    if (is_plain_list(a) && is_plain_list(b) && a.as_list().form() == b.as_list().form()) {
      std::vector<Value> out = a.as_list().items();
      out.insert(out.end(), b.as_list().items().begin(), b.as_list().items().end());
      return make_list(in.heap(), std::move(out), a.as_list().form());
    }
    if (a.is(Kind::string)) throw_type("can only concatenate str (not \"{}\") to str", type_name(b));
    if (is_plain_list(a))
      throw_type("can only concatenate {} (not \"{}\") to {}", type_name(a), type_name(b), type_name(a));
  }
  if (op == BinaryOp::multiply) {
    if ((a.is(Kind::string) || is_plain_list(a)) && b.is_int()) return repeat(in, a, b.as_int());
    if ((b.is(Kind::string) || is_plain_list(b)) && a.is_int()) return repeat(in, b, a.as_int());
  }
  throw_type("unsupported operand type(s) for {}: '{}' and '{}'", kSymbols[static_cast<std::size_t>(op)], type_name(a),
             type_name(b));
}

Value unary(UnaryOp op, const Value& operand) {
  if (op == UnaryOp::logical_not) return Value::boolean(!truthy(operand));
  require_defined(operand);
  if (!operand.is_number())
    throw_type("bad operand type for unary {}: '{}'", op == UnaryOp::negate ? '-' : '+', type_name(operand));
  if (operand.is(Kind::real)) return Value::real(op == UnaryOp::negate ? -operand.as_real() : operand.as_real());
  const std::int64_t value = operand.as_int();
  if (op == UnaryOp::negate && value == std::numeric_limits<std::int64_t>::min()) throw_overflow();
  return Value::integer(op == UnaryOp::negate ? -value : value);
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
