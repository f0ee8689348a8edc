// The document of a body that a test has written.
#pragma once

#include "server/pipeline/document.hpp"

#include <string_view>

namespace quern::server {

inline Result<Document> document_of(std::string_view body) {
  return parse_document(body, 32);
}

// What a parser of documents makes of a body.
template <class F, class... Rest>
auto parsed(F parse, std::string_view body, const Rest&... rest) -> decltype(parse(Document{}, rest...)) {
  QUERN_TRY(const Document document, document_of(body));
  return parse(document, rest...);
}

}  // namespace quern::server
