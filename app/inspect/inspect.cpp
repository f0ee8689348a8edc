#include "app/inspect/inspect.hpp"

#include "app/inspect/json_report.hpp"
#include "app/inspect/text_report.hpp"
#include "engine/gguf/printable.hpp"
#include "engine/gguf/reader.hpp"

#include <ostream>

namespace quern::app {
namespace {

using engine::gguf::GgufFile;
using engine::gguf::Value;

Status check(const InspectOptions& options) {
  if (options.path.empty()) return fail_field("path", "want a GGUF file, found none");
  if (options.metadata_only && options.tensors_only) {
    return fail_field("tensors-only", "want one of metadata and tensors only, found both");
  }
  if (!options.key.empty() && (options.metadata_only || options.tensors_only)) {
    return fail_field("key", "want a key alone, found it with a choice of sections");
  }
  return {};
}

Status show_key(const GgufFile& file, const InspectOptions& options, std::ostream& out) {
  const Value* value = file.find(options.key);
  if (value == nullptr) {
    return fail(Errc::not_found, "{}: key \"{}\": found no such key", engine::gguf::printable(file.name()),
                engine::gguf::printable(options.key));
  }
  if (options.json) {
    out << json_value(options.key, *value) << '\n';
  } else {
    print_value(*value, out);
  }
  return {};
}

}  // namespace

Status run_inspect(const InspectOptions& options, std::ostream& out) {
  QUERN_CHECK(check(options));
  QUERN_TRY(const std::unique_ptr<GgufFile> file, GgufFile::open(options.path));
  if (!options.key.empty()) return show_key(*file, options, out);
  const JsonParts parts{.metadata = !options.tensors_only,
                        .tensors = !options.metadata_only,
                        .summary = !options.metadata_only && !options.tensors_only};
  if (options.json) {
    out << json_report(*file, parts) << '\n';
    return {};
  }
  out << engine::gguf::printable(file->name(), 1024) << "\n\n";
  if (parts.metadata) print_metadata(*file, out);
  if (parts.metadata && parts.tensors) out << '\n';
  if (parts.tensors) print_tensors(*file, out);
  if (parts.summary) {
    out << '\n';
    print_summary(*file, out);
  }
  return {};
}

}  // namespace quern::app
