#include "engine/chat/jinja/heap.hpp"

#include "engine/chat/jinja/containers.hpp"
#include "tests/engine/chat/jinja/render.hpp"

namespace quern::engine::chat::jinja {
namespace {

TEST(JinjaHeap, CountsWhatLives) {
  Heap heap;
  {
    const Value text = Value::string(heap, std::string(1000, 'a'));
    EXPECT_GE(heap.live_bytes(), 1000u);
    const Value again = text;
    EXPECT_EQ(again.text(), text.text());
  }
  EXPECT_EQ(heap.live_bytes(), 0u);
}

TEST(JinjaHeap, FreesLongChainsWithoutRecursion) {
  Heap heap;
  Value chain;
  for (int i = 0; i < 200'000; ++i) chain = make_list(heap, {chain});
  chain = Value();
  EXPECT_EQ(heap.live_bytes(), 0u);
}

TEST(JinjaHeap, FreesCyclesAtTheEnd) {  // the leak sanitizer looks
  Heap heap;
  const Value list = make_list(heap, {});
  list.as_list().append(list);
  Value dict(make_dict(heap));
  dict.as_dict().set("self", dict);
  dict.as_dict().set("list", list);
  list.as_list().append(dict);
}

TEST(JinjaHeap, TemplatesMayBuildCycles) {
  EXPECT_EQ(render("{% set l = [] %}{% do l.append(l) %}{% set ns = namespace() %}{% set ns.me = ns %}{{ l|length }}"),
            "1");
  EXPECT_EQ(failure_of("{% set l = [] %}{% do l.append(l) %}{{ l }}").kind, FailureKind::limit);
  EXPECT_EQ(failure_of("{% set l = [] %}{% do l.append(l) %}{{ l|tojson }}").kind, FailureKind::limit);
  EXPECT_EQ(failure_of("{% set l = [] %}{% do l.append(l) %}{% set m = [l] %}{{ l == m }}").kind, FailureKind::limit);
}

}  // namespace
}  // namespace quern::engine::chat::jinja
