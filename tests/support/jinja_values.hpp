// JSON -> values of templates, for tests.
#pragma once

#include "engine/chat/jinja/containers.hpp"

#include <boost/json.hpp>

namespace quern::test {

inline engine::chat::jinja::Value to_jinja(engine::chat::jinja::Heap& heap, const boost::json::value& value) {
  using engine::chat::jinja::Value;
  switch (value.kind()) {
    case boost::json::kind::null:
      return Value::none();
    case boost::json::kind::bool_:
      return Value::boolean(value.get_bool());
    case boost::json::kind::int64:
      return Value::integer(value.get_int64());
    case boost::json::kind::uint64:
      return Value::integer(static_cast<std::int64_t>(value.get_uint64()));
    case boost::json::kind::double_:
      return Value::real(value.get_double());
    case boost::json::kind::string:
      return Value::string(heap, std::string(value.get_string().data(), value.get_string().size()));
    case boost::json::kind::array: {
      std::vector<Value> items;
      for (const boost::json::value& item : value.get_array()) items.push_back(to_jinja(heap, item));
      return engine::chat::jinja::make_list(heap, std::move(items));
    }
    case boost::json::kind::object: {
      Value out(engine::chat::jinja::make_dict(heap));
      for (const auto& [key, item] : value.get_object())
        out.as_dict().set(std::string_view(key.data(), key.size()), to_jinja(heap, item));
      return out;
    }
  }
  return Value();
}

}  // namespace quern::test
