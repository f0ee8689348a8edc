#include "engine/chat/jinja/filters.hpp"

namespace quern::engine::chat::jinja {

const Named<FilterFunction>* find_filter(std::string_view name) noexcept {
  for (const auto table :
       {text_filters(), list_filters(), each_filters(), value_filters(), html_filters(), print_filters()})
    for (const Named<FilterFunction>& row : table)
      if (row.name == name) return &row;
  return nullptr;
}

}  // namespace quern::engine::chat::jinja
