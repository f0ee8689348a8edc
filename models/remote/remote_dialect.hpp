// What another server speaks: requests for it, and its answers as events. One for each kind. Threads: dialects are
// stateless, an AnswerReader belongs to one answer.
#pragma once

#include "base/result.hpp"
#include "models/answer_event.hpp"
#include "models/embedder.hpp"
#include "models/remote/ask.hpp"
#include "models/remote/upstream.hpp"
#include "net/http_message.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace quern::models {

// Reads one streamed answer, in pieces of any size.
class AnswerReader {
 public:
  AnswerReader() = default;
  AnswerReader(const AnswerReader&) = delete;
  AnswerReader& operator=(const AnswerReader&) = delete;
  virtual ~AnswerReader() = default;

  // Adds what the bytes mean; ends of choices come with finish(). Errors: corrupt (not what the kind speaks), io or
  // overloaded (the upstream says that it failed in the middle).
  virtual Status read(std::string_view bytes, std::vector<AnswerEvent>& out) = 0;
  virtual bool done() const noexcept = 0;      // nothing more is expected
  virtual bool complete() const noexcept = 0;  // all choices have ended, whatever may still come
  // The ends of all choices; what the upstream has not ended was cut for its length.
  virtual void finish(std::vector<AnswerEvent>& out) = 0;
  virtual Usage usage() const noexcept = 0;  // as far as the upstream has said it
};

struct RemoteVectors {
  Vectors vectors;
  std::uint64_t n_tokens = 0;  // as the upstream counts them
};

class RemoteDialect {
 public:
  RemoteDialect() = default;
  RemoteDialect(const RemoteDialect&) = delete;
  RemoteDialect& operator=(const RemoteDialect&) = delete;
  virtual ~RemoteDialect() = default;

  // Errors: unsupported naming the field: what the kind has no word for.
  virtual Result<quern::net::HttpRequest> request(const RemoteAsk& ask, const Upstream& upstream) const = 0;
  virtual std::unique_ptr<AnswerReader> reader(const RemoteAsk& ask) const = 0;
  virtual Result<quern::net::HttpRequest> embed_request(const std::vector<std::string>& texts,
                                                        const Upstream& upstream) const = 0;
  // Errors: corrupt: not n vectors of one length.
  virtual Result<RemoteVectors> read_vectors(std::string_view body, std::size_t n) const = 0;
  // A small GET that any server of the kind answers.
  virtual quern::net::HttpRequest probe(const Upstream& upstream) const = 0;
  // What an answer with an error status says.
  virtual std::string error_text(std::string_view body) const;
};

const RemoteDialect& remote_dialect(UpstreamKind kind) noexcept;

// Parts of several. A request below the upstream's path, with its key.
net::HttpRequest get_request(const Upstream& upstream, std::string_view path);
net::HttpRequest json_post(const Upstream& upstream, std::string_view path, const boost::json::object& body);
// Errors: corrupt: no JSON object.
Result<boost::json::object> parse_object(std::string_view text);
// Members of outside objects; nullptr or the default where there are none, or others.
const boost::json::object* object_in(const boost::json::object& from, std::string_view key) noexcept;
const boost::json::array* array_in(const boost::json::object& from, std::string_view key) noexcept;
std::string_view text_in(const boost::json::object& from, std::string_view key) noexcept;
std::uint64_t count_in(const boost::json::object& from, std::string_view key) noexcept;
// {"data"/"embeddings": ...} rows of numbers. Errors: corrupt.
Status append_vector(const boost::json::value& row, Vectors& out);
Error not_supported(std::string field, UpstreamKind kind);

}  // namespace quern::models
