#include "server/pipeline/document.hpp"

#include "server/pipeline/effort.hpp"
#include "server/pipeline/json_cost.hpp"

namespace quern::server {

Result<Document> parse_document(std::string_view body, std::size_t max_depth) {
  Document out{.n_bytes = json_cost(body), .large = body.size() > Effort::kSmallBytes};
  QUERN_TRY(out.root, parse_json_object(body, max_depth, &out.wide));
  return out;
}

}  // namespace quern::server
