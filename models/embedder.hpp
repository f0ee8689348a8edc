// What makes vectors of texts, or scores of pairs: a model on this machine (local/local_embedder.hpp), or on another
// server (remote/remote_embedder.hpp). Threads: all functions of an Embedder from any thread; an answer belongs to the
// executor it was submitted with, which runs one handler at a time.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "models/task.hpp"
#include "models/task_queue.hpp"
#include "sched/request.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

namespace quern::models {

// [n_texts, width], one row for each text of the task; as the model gives them, not normalized.
struct Vectors {
  std::uint32_t width = 0;
  std::vector<float> values;
};

// Ownership: the reader's; destroying it cancels what still runs.
class VectorAnswer {
 public:
  VectorAnswer() = default;
  VectorAnswer(const VectorAnswer&) = delete;
  VectorAnswer& operator=(const VectorAnswer&) = delete;
  virtual ~VectorAnswer() = default;

  // Waits for all of them. Once. Errors: cancelled, overloaded (too late, or turned away), io (the model failed),
  // corrupt (its output is invalid).
  virtual boost::asio::awaitable<Result<Vectors>> take() = 0;
  virtual sched::RequestStatus status(TimePoint now) const = 0;
  virtual std::function<void()> cancel_hook() = 0;  // may be called after the answer is gone
  // Of all texts, as whoever computed them counts; empty: the task's own count holds.
  virtual std::optional<std::uint64_t> n_tokens() const { return std::nullopt; }
};

class Embedder : public TaskQueue {
 public:
  // Errors: bad_input naming "texts[i]", overloaded (the line is full), draining. REQUIRES: it ranks where the task
  // does.
  virtual Result<std::unique_ptr<VectorAnswer>> submit(EmbedTask task, boost::asio::any_io_executor executor) = 0;

  virtual std::uint32_t max_text_tokens() const noexcept = 0;
  virtual bool ranks() const noexcept = 0;           // else it makes vectors
  virtual std::uint32_t width() const noexcept = 0;  // values of a vector, or scores of a pair
};

}  // namespace quern::models
