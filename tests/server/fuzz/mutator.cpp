#include "tests/server/fuzz/mutator.hpp"

#include <array>
#include <string_view>
#include <utility>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace quern::test {
namespace {

namespace json = boost::json;

using namespace std::string_view_literals;

// What stands for a value; most are JSON.
constexpr std::array kSnippets{"null"sv,
                               "true"sv,
                               "false"sv,
                               "0"sv,
                               "-0"sv,
                               "-1"sv,
                               "1"sv,
                               "2"sv,
                               "1e999"sv,
                               "-1e999"sv,
                               "1e-999"sv,
                               "0.1"sv,
                               "4294967295"sv,
                               "4294967296"sv,
                               "2147483648"sv,
                               "-2147483649"sv,
                               "9223372036854775807"sv,
                               "9223372036854775808"sv,
                               "-9223372036854775809"sv,
                               "18446744073709551616"sv,
                               "123456789012345678901234567890123456789012345678901234567890"sv,
                               "1.7976931348623157e308"sv,
                               "5e-324"sv,
                               "3.0"sv,
                               "1e2"sv,
                               R"("")"sv,
                               R"("x")"sv,
                               R"("auto")"sv,
                               R"("none")"sv,
                               R"("1")"sv,
                               R"("\u0000")"sv,
                               R"("\ud800")"sv,
                               R"("\udc00\ud800")"sv,
                               R"("\ud83d\ude00")"sv,
                               R"("\uffff")"sv,
                               "\"\xff\xfe\""sv,
                               "\"\xed\xa0\x80\""sv,
                               "\"\xc0\x80\""sv,
                               "\"\xf4\x90\x80\x80\""sv,
                               "\"\n\""sv,
                               "\"\\x\""sv,
                               "[]"sv,
                               "{}"sv,
                               "[[]]"sv,
                               "[{}]"sv,
                               "[null]"sv,
                               R"([""])"sv,
                               R"({"":""})"sv,
                               R"({"type":"text"})"sv,
                               R"({"type":"text","text":"x"})"sv,
                               R"([{"type":"text","text":"x"}])"sv,
                               R"({"type":null})"sv,
                               R"([{"type":"image_url","image_url":{"url":"data:,"}}])"sv,
                               R"({"type":"function","function":{}})"sv,
                               R"([{"type":"function","function":{"name":"f","parameters":{"type":["object",1]}}}])"sv,
                               R"({"a":1,"a":2})"sv,
                               "NaN"sv,
                               "Infinity"sv,
                               "01"sv,
                               "1."sv,
                               ".5"sv,
                               "+1"sv,
                               "tru"sv,
                               "'x'"sv,
                               ""sv,
                               "/*c*/1"sv,
                               "1,"sv,
                               "{"sv,
                               "]"sv,
                               "\"open"sv,
                               "\0"sv};

struct Slot {
  json::value* parent;
  std::string key;  // of an object's member
  std::size_t index;
};

void collect(json::value& value, std::vector<Slot>& out) {
  if (value.is_object()) {
    std::size_t i = 0;
    for (auto& member : value.get_object()) {
      out.push_back({&value, std::string(member.key()), i++});
      collect(member.value(), out);
    }
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.get_array().size(); ++i) {
      out.push_back({&value, {}, i});
      collect(value.get_array()[i], out);
    }
  }
}

json::value& at(const Slot& slot) {
  if (slot.parent->is_object()) return slot.parent->get_object().at(slot.key);
  return slot.parent->get_array()[slot.index];
}

}  // namespace

std::size_t Mutator::below(std::size_t n) {
  return static_cast<std::size_t>(random_() % n);
}

json::value Mutator::raw(std::string text) {
  raws_.push_back(std::move(text));
  return json::value(fmt::format("\x01raw {}\x01", raws_.size() - 1));
}

json::value Mutator::odd_value() {
  switch (below(10)) {
    case 0:
      return raw(std::string(below(300), '[') + std::string(below(300), ']'));
    case 1: {
      std::string nested;
      const std::size_t depth = 1 + below(60);
      for (std::size_t i = 0; i < depth; ++i) nested += R"({"a":[)";
      for (std::size_t i = 0; i < depth; ++i) nested += "]}";
      return raw(std::move(nested));
    }
    case 2:
      return json::value(std::string(below(3000), "ax \n"[below(4)]));
    case 3: {
      json::array many;
      const json::value one = raw(std::string(kSnippets[below(kSnippets.size())]));
      for (std::size_t n = below(200); n > 0; --n) many.push_back(one);
      return many;
    }
    default:
      return raw(std::string(kSnippets[below(kSnippets.size())]));
  }
}

void Mutator::change(json::value& root) {
  std::vector<Slot> slots;
  collect(root, slots);
  if (slots.empty()) {
    root = odd_value();
    return;
  }
  const Slot slot = slots[below(slots.size())];
  json::value& value = at(slot);
  switch (below(9)) {
    case 0:
      if (slot.parent->is_object()) {
        slot.parent->get_object().erase(slot.key);
      } else {
        slot.parent->get_array().erase(slot.parent->get_array().begin() + static_cast<std::ptrdiff_t>(slot.index));
      }
      return;
    case 1:
      if (value.is_object())
        value.get_object()[one_in(2) ? "surplus" : "type"] = odd_value();
      else
        value = json::array{value, value};
      return;
    case 2:
      value = json::object{{"a", json::value(value)}};
      return;
    case 3: {  // the member twice
      const std::string text = with_raws(json::serialize(value));
      if (slot.parent->is_object())
        value = raw(fmt::format("{},{}:{}", text, json::serialize(json::string(slot.key)), text));
      return;
    }
    case 4: {
      json::value other = at(slots[below(slots.size())]);
      at(slot) = std::move(other);
      return;
    }
    case 5:
      if (value.is_string()) {
        std::string text(value.get_string());
        text.insert(below(text.size() + 1), 1, static_cast<char>(below(256)));
        value = raw(fmt::format("\"{}\"", text));
        return;
      }
      [[fallthrough]];
    default:
      value = odd_value();
  }
}

std::string Mutator::with_raws(std::string text) const {
  for (std::size_t i = raws_.size(); i-- > 0;) {
    const std::string mark = fmt::format(R"("\u0001raw {}\u0001")", i);
    for (std::size_t found = text.find(mark); found != std::string::npos; found = text.find(mark, found)) {
      text.replace(found, mark.size(), raws_[i]);
      found += raws_[i].size();
    }
  }
  return text;
}

std::string Mutator::body(json::value valid) {
  raws_.clear();
  for (std::size_t n = 1 + below(3); n > 0; --n) change(valid);
  std::string text = with_raws(json::serialize(valid));
  return one_in(8) ? bytes(std::move(text)) : text;
}

std::string Mutator::bytes(std::string text) {
  for (std::size_t n = 1 + below(4); n > 0 && !text.empty(); --n) {
    const std::size_t where = below(text.size());
    switch (below(6)) {
      case 0:
        text.resize(where);
        break;
      case 1:
        text.erase(where, 1 + below(8));
        break;
      case 2:
        text.insert(where, 1 + below(4), "\r\n\0: {\"\xff"[below(8)]);
        break;
      case 3:
        text.insert(where, text.substr(below(text.size()), below(40)));
        break;
      default:
        text[where] = static_cast<char>(below(256));
    }
  }
  return text;
}

std::vector<std::string> Mutator::split(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t n = one_in(4) ? 1 + below(3) : 1 + below(400);
    out.push_back(text.substr(begin, n));
    begin += n;
  }
  return out;
}

}  // namespace quern::test
