#include "app/runtime.hpp"

namespace quern::app {

Result<std::unique_ptr<Runtime>> Runtime::create(const ModelOptions& options, const Load& load) {
  auto runtime = std::unique_ptr<Runtime>(new Runtime());
  QUERN_TRY(runtime->machine_, Machine::create(options));
  const ModelFile file = options.files.empty() ? ModelFile{} : options.files.front();
  QUERN_TRY(runtime->model_, LoadedModel::load(*runtime->machine_, options, file, true));
  QUERN_CHECK(runtime->model_->prepare_to_generate(load));
  runtime->model_->log_summary();
  return runtime;
}

}  // namespace quern::app
