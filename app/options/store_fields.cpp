#include "app/options/store_fields.hpp"

#include "app/options/values.hpp"

namespace quern::app {

Status parse_store_name(std::string_view text, Options& options) {
  constexpr std::size_t kMaxNames = 1000;
  if (text.empty()) return fail(Errc::bad_input, "want the name of a model, found an empty one");
  if (options.store.names.size() >= kMaxNames) return fail(Errc::bad_input, "want at most {} names", kMaxNames);
  options.store.names.emplace_back(text);
  return {};
}

void reset_store_names(Options& options) {
  options.store.names.clear();
}

Status parse_store_limit(std::string_view text, Options& options) {
  options.store.has_limit = text != "none";
  if (!options.store.has_limit) return {};
  QUERN_TRY(options.store.limit_bytes, parse_bytes(text, 0, UINT64_MAX));
  return {};
}

}  // namespace quern::app
