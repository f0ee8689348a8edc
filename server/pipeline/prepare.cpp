#include "server/pipeline/prepare.hpp"

namespace quern::server {

std::string model_name(const Document& document, const Dialect& dialect) {
  const json::value* model = document.root.if_contains("model");
  if (model == nullptr && !dialect.other_model_field.empty()) {
    model = document.root.if_contains(
        json::string_view(dialect.other_model_field.data(), dialect.other_model_field.size()));
  }
  if (model == nullptr || !model->is_string()) return {};
  return std::string(model->get_string().data(), model->get_string().size());
}

Status check_place(const Exchange& exchange, const models::ServedModel& model, Place place) {
  if (place == Place::anywhere || model.is_local()) return {};
  return fail(Errc::unsupported, "{} needs a model on this machine: '{}' is on another server", exchange.head().path,
              model.id);
}

}  // namespace quern::server
