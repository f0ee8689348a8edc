// Schemas -> alternatives: references followed, combinations worked out, so that every alternative says for itself what
// it allows. Threads: one. Ownership: refers to the document.
#pragma once

#include "base/result.hpp"
#include "engine/grammar/schema/document.hpp"
#include "engine/grammar/schema/shape.hpp"

#include <map>
#include <string_view>
#include <vector>

namespace quern::engine::grammar {

class SchemaExpander {
 public:
  using Shapes = std::vector<Shape>;
  static constexpr std::size_t kMaxAlternatives = 256, kMaxSteps = 200'000;
  static constexpr int kMaxReferences = 200;  // one after another, before anything is said about a value

  explicit SchemaExpander(const SchemaDocument& document) : document_(document) {}

  // What all of them together allow: none where they contradict each other. Errors: bad_input naming the path.
  Result<Shapes> expand(const Items& items);

 private:
  Result<Shapes> expand_one(Item item, int depth);
  Result<Shapes> expand_object(const json::value& schema, const json::object& keywords, int depth);
  Result<Shapes> negate(const json::value& schema, int depth);
  Result<Shapes> both(const Shapes& a, const Shapes& b);

  Result<Shape> read_own(const json::value& schema, const json::object& keywords);
  Status read_types(const json::value& schema, const json::object& keywords, Shape& out);
  Status read_number(const json::value& schema, const json::object& keywords, Shape& out);
  Status read_string(const json::value& schema, const json::object& keywords, Shape& out);
  Status read_array(const json::value& schema, const json::object& keywords, Shape& out);
  Status read_object(const json::value& schema, const json::object& keywords, Shape& out);
  Status read_count(const json::value& schema, const json::object& keywords, std::string_view keyword,
                    std::uint64_t& out);
  Status read_members(const json::value& schema, const json::object& keywords, std::string_view keyword,
                      std::vector<std::pair<std::string_view, Item>>& out);
  Status check_schema(const json::value& schema, const json::value& owner, std::string_view keyword);

  Result<Shapes> expand_list(const json::value& schema, const json::value& list, std::string_view keyword, bool all,
                             int depth);
  Result<Shapes> expand_one_of(const json::value& schema, const json::value& list, int depth);
  Result<Shapes> expand_if(const json::value& schema, const json::object& keywords, int depth);
  Result<Shapes> expand_dependent(const json::value& schema, const json::object& keywords, std::string_view keyword,
                                  int depth);
  static bool disjoint(const Shape& a, const Shape& b);

  const SchemaDocument& document_;
  std::map<Item, Shapes> known_;
  std::vector<Item> open_;  // what is being expanded: what leads back to it adds nothing
  std::size_t n_steps_ = 0, n_cycles_ = 0;
};

std::string_view text_of(const json::string& text) noexcept;

}  // namespace quern::engine::grammar
