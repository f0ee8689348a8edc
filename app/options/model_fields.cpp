#include "app/options/model_fields.hpp"

#include <algorithm>

namespace quern::app {
namespace {

constexpr std::size_t kMaxModels = 64;

Result<ModelFile> parse_file(std::string_view text) {
  ModelFile out;
  const std::size_t equals = text.find('=');
  const bool named = equals != std::string_view::npos && text.substr(0, equals).find('/') == std::string_view::npos;
  out.path = std::string(named ? text.substr(equals + 1) : text);
  if (named && out.path.empty()) return fail(Errc::bad_input, "want [NAME=]FILE, found '{}'", text);
  if (!named) return out;
  const std::string_view names = text.substr(0, equals);
  for (std::size_t begin = 0; begin <= names.size();) {
    const std::size_t end = std::min(names.find(',', begin), names.size());
    if (end == begin) return fail(Errc::bad_input, "want names that are not empty, found '{}'", text);
    out.names.emplace_back(names.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

Status add(std::vector<ModelFile>& files, std::string_view text) {
  if (files.size() == kMaxModels) return fail(Errc::bad_input, "want at most {} models, found more", kMaxModels);
  QUERN_TRY(ModelFile file, parse_file(text));
  files.push_back(std::move(file));
  return {};
}

}  // namespace

Status parse_model(std::string_view text, Options& options) {
  return add(options.model.files, text);
}
Status parse_embedding_model(std::string_view text, Options& options) {
  if (text == "none") return {};
  if (text.empty()) return fail(Errc::bad_input, "want [NAME=]FILE or none, found nothing");
  return add(options.model.embedding_files, text);
}
void reset_models(Options& options) {
  options.model.files.clear();
}
void reset_embedding_models(Options& options) {
  options.model.embedding_files.clear();
}

}  // namespace quern::app
