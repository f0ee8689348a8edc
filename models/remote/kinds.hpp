// The kinds of servers. Each is in the file named like it. Sources: the API references of OpenAI (chat, completions,
// embeddings; vLLM's and llama-server's additions), Ollama and Anthropic. Threads: stateless.
#pragma once

#include "models/remote/remote_dialect.hpp"

namespace quern::models {

class OpenAiUpstream final : public RemoteDialect {
 public:
  Result<quern::net::HttpRequest> request(const RemoteAsk& ask, const Upstream& upstream) const override;
  std::unique_ptr<AnswerReader> reader(const RemoteAsk& ask) const override;
  quern::net::HttpRequest probe(const Upstream& upstream) const override;
  Result<quern::net::HttpRequest> embed_request(const std::vector<std::string>& texts,
                                                const Upstream& upstream) const override;
  Result<RemoteVectors> read_vectors(std::string_view body, std::size_t n) const override;
};

class OllamaUpstream final : public RemoteDialect {
 public:
  Result<quern::net::HttpRequest> request(const RemoteAsk& ask, const Upstream& upstream) const override;
  std::unique_ptr<AnswerReader> reader(const RemoteAsk& ask) const override;
  quern::net::HttpRequest probe(const Upstream& upstream) const override;
  Result<quern::net::HttpRequest> embed_request(const std::vector<std::string>& texts,
                                                const Upstream& upstream) const override;
  Result<RemoteVectors> read_vectors(std::string_view body, std::size_t n) const override;
};

class AnthropicUpstream final : public RemoteDialect {
 public:
  Result<quern::net::HttpRequest> request(const RemoteAsk& ask, const Upstream& upstream) const override;
  std::unique_ptr<AnswerReader> reader(const RemoteAsk& ask) const override;
  quern::net::HttpRequest probe(const Upstream& upstream) const override;
  Result<quern::net::HttpRequest> embed_request(const std::vector<std::string>& texts,
                                                const Upstream& upstream) const override;
  Result<RemoteVectors> read_vectors(std::string_view body, std::size_t n) const override;
};

}  // namespace quern::models
