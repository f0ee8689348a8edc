#include "server/pipeline/json_cost.hpp"

#include <algorithm>
#include <cstddef>
#include <string>

#include <boost/json/memory_resource.hpp>
#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace quern::server {
namespace {

namespace json = boost::json;

TEST(JsonShape, CountsWhatStandsOutsideOfStrings) {
  const auto expect = [](std::string_view text, std::uint64_t n_items, std::uint64_t n_keys) {
    const JsonShape shape = json_shape(text);
    EXPECT_EQ(shape.n_items, n_items) << text;
    EXPECT_EQ(shape.n_keys, n_keys) << text;
  };
  expect("", 0, 0);
  expect("1", 0, 0);
  expect("[1,2]", 2, 0);
  expect(R"({"a":1,"b":[]})", 3, 2);
  expect(R"({"a,:[{":"x,:[{"})", 1, 1);
  expect(R"({"\"":"\\","\\\"":1})", 2, 2);
  expect(R"(["\\"," \" ,"])", 2, 0);
  expect(R"(["never closed,,,)", 1, 0);
  expect(R"(["\)", 1, 0);
  expect(R"(["\")", 1, 0);
}

// What a tree of values takes.
class Counting final : public json::memory_resource {
 public:
  std::size_t peak = 0;

 private:
  void* do_allocate(std::size_t n, std::size_t align) override {
    held_ += n;
    peak = std::max(peak, held_);
    return ::operator new(n, std::align_val_t(align));
  }
  void do_deallocate(void* p, std::size_t n, std::size_t align) override {
    held_ -= n;
    ::operator delete(p, n, std::align_val_t(align));
  }
  bool do_is_equal(const json::memory_resource& other) const noexcept override { return this == &other; }
  std::size_t held_ = 0;
};

TEST(JsonCost, IsMoreThanTheTreeTakes) {
  const auto repeated = [](std::string_view begin, std::string_view item, std::string_view end, int n) {
    std::string text(begin);
    for (int i = 0; i < n; ++i) text += (i == 0 ? "" : ",") + std::string(item);
    return text += end;
  };
  std::string keys = "{";
  for (int i = 0; i < 20'000; ++i) keys += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":0";
  for (const std::string& text :
       {std::string("{}"), repeated("[", "1", "]", 100'000), repeated("[", "[]", "]", 50'000),
        repeated("[", "{\"a\":1}", "]", 50'000), repeated("[", R"({"type":"text","text":""})", "]", 20'000),
        repeated("[", "\"\"", "]", 50'000), keys + "}", "[\"" + std::string(1'000'000, 'x') + "\"]",
        repeated("[", R"({"function":{"name":"","arguments":""}})", "]", 20'000)}) {
    Counting counting;
    const json::value value = json::parse(text, json::storage_ptr(&counting));
    EXPECT_LT(counting.peak, json_cost(text)) << text.substr(0, 50);
  }
}

}  // namespace
}  // namespace quern::server
