#include "engine/grammar/json_schema.hpp"

#include "engine/grammar/schema/document.hpp"
#include "engine/grammar/schema/value_texts.hpp"
#include "engine/grammar/schema/writer.hpp"

namespace quern::engine::grammar {

Result<Expr> add_json_schema(Grammar& grammar, const boost::json::value& schema, const SchemaOptions& options) {
  const SchemaDocument document(schema, options);
  QUERN_CHECK(document.status());
  return SchemaWriter(grammar, document).write();
}

Expr add_json_value(Grammar& grammar, const SchemaOptions& options) {
  return ValueTexts(grammar, options).any_value();
}

Expr add_json_object(Grammar& grammar, const SchemaOptions& options) {
  return ValueTexts(grammar, options).any_object();
}

}  // namespace quern::engine::grammar
