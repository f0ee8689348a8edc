// Text to ModelRef: which kind of name it is, then its parts from the left.
#include "registry/model_name.hpp"
#include "registry/name_parts.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>

namespace quern::registry {
namespace {

enum class Form { path, hub, oci, url, ollama };

bool is_loopback(std::string_view host) {
  std::string_view name = host.starts_with('[') ? host.substr(0, host.find(']') + 1) : host.substr(0, host.find(':'));
  return name == "localhost" || name == "[::1]" ||
         (name.starts_with("127.") && name.find_first_not_of("0123456789.") == std::string_view::npos);
}

class Parser {
 public:
  Parser(std::string_view text, const NameRules& rules) : rules_(rules), rest_(text) {}

  Result<ModelRef> parse() {
    QUERN_CHECK(check_bytes());
    QUERN_TRY(const Form form, take_form());
    if (form == Form::path) QUERN_CHECK(make_absolute());
    QUERN_CHECK(take_suffix(form));
    QUERN_CHECK(take_name(form));
    return std::move(ref_);
  }

 private:
  Status check_bytes() const {
    if (rest_.empty()) return fail(Errc::bad_input, "model name: want one such as qwen3:8b or a path, found nothing");
    if (rest_.size() > kMaxNameBytes) {
      return fail(Errc::bad_input, "model name: want at most {} bytes, found {}", kMaxNameBytes, rest_.size());
    }
    const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    if (std::ranges::none_of(rest_, control)) return {};
    return fail(Errc::bad_input, "model name: want no control characters, found '{}'", shown(rest_));
  }

  bool is_path() const {
    for (const std::string_view begin : {"/", "./", "../", "~/"}) {
      if (rest_.starts_with(begin)) return true;
    }
    if (rest_ == "." || rest_ == ".." || rest_ == "~") return true;
    // One that could be something else as well is a path where the file is there.
    const std::string_view name = rest_.substr(0, gguf_end().value_or(0));
    if (name.empty() || name.find(':') != std::string_view::npos || rules_.working_folder.empty()) return false;
    std::error_code ignored;
    return std::filesystem::exists(std::filesystem::path(rules_.working_folder) / name, ignored);
  }

  bool take_hub() {
    const auto take = [this](std::string_view prefix) {
      std::string_view rest = rest_;
      if (!take_prefix(rest, "https://")) take_prefix(rest, "http://");
      if (!take_prefix(rest, prefix)) return false;
      rest_ = rest;
      return true;
    };
    const bool own = !rules_.hub_host.empty() && rules_.hub_host != kOllamaHost && rules_.hub_host != kDockerHost;
    return take("hf.co/") || take("huggingface.co/") || take_prefix(rest_, "hf:") ||
           (own && take(rules_.hub_host + "/"));
  }

  // Takes the words off that only say which kind of name this is.
  Result<Form> take_form() {
    if (take_hub()) return Form::hub;
    if (take_prefix(rest_, "oci://") || lower(rest_.substr(0, kDockerHost.size() + 1)) == "docker.io/")
      return Form::oci;
    if (take_prefix(rest_, "https://ollama.com/") || take_prefix(rest_, "ollama.com/")) {
      ref_.host = kOllamaHost;
      return Form::ollama;
    }
    if (is_path()) return Form::path;
    const std::size_t scheme = rest_.find("://");
    if (scheme == std::string_view::npos) return Form::ollama;
    const std::string name = lower(rest_.substr(0, scheme));
    if (name == "https" || name == "http") return Form::url;
    return fail(Errc::bad_input, "model name: want https://, oci:// or nothing of the kind, found '{}://'",
                shown(name));
  }

  // Behind the last .gguf that ends the text or has an @ behind it.
  std::optional<std::size_t> gguf_end() const {
    const std::string text = lower(rest_);
    if (text.ends_with(".gguf")) return text.size();
    const std::size_t at = text.rfind(".gguf@");
    return at == std::string::npos ? std::nullopt : std::optional(at + 5);
  }

  // @digest, @variant, or both. A path or an address may have an @ of its own: there it counts behind .gguf only.
  Status take_suffix(Form form) {
    const bool any_character = form == Form::path || form == Form::url || (form == Form::hub && gguf_end());
    const std::size_t end = any_character ? gguf_end().value_or(rest_.size()) : std::min(rest_.find('@'), rest_.size());
    if (end == rest_.size()) return {};
    std::string_view suffix = rest_.substr(end + 1);
    if (any_character && suffix.find_first_of("/?.") != std::string_view::npos) return {};
    rest_ = rest_.substr(0, end);
    if (suffix.starts_with("sha256:") || suffix.starts_with("sha256-")) {
      const std::size_t more = suffix.find('@');
      QUERN_TRY(ref_.digest, Digest::parse(suffix.substr(0, more)));
      if (more == std::string_view::npos) return {};
      suffix.remove_prefix(more + 1);
    }
    QUERN_CHECK(check_variant(suffix));
    ref_.variant = std::string(suffix);
    return {};
  }

  Status take_name(Form form) {
    switch (form) {
      case Form::path:
        return path();
      case Form::hub:
        return hub();
      case Form::oci:
        return oci();
      case Form::url:
        return url();
      case Form::ollama:
        break;
    }
    return ollama();
  }

  // [host/][namespace/]model[:tag]
  Status ollama() {
    ref_.kind = RefKind::ollama;
    QUERN_CHECK(take_tag(kOllamaTag));
    const auto n_slashes = std::ranges::count(rest_, '/');
    if (n_slashes > (ref_.host.empty() ? 2 : 1)) {
      return fail(Errc::bad_input, "model name: want [host/][namespace/]model[:tag], found '{}'", shown(rest_));
    }
    if (n_slashes == 2) ref_.host = lower(take_until(rest_, '/'));
    if (ref_.host.empty()) ref_.host = kOllamaHost;
    if (n_slashes >= 1) ref_.namespace_ = take_until(rest_, '/');
    if (n_slashes == 0) ref_.namespace_ = kOllamaNamespace;
    ref_.model = rest_;
    QUERN_CHECK(check_part(ref_.host, kHost));
    QUERN_CHECK(check_part(ref_.namespace_, kOllamaNamespacePart));
    return check_part(ref_.model, kOllamaModel);
  }

  // Off the end: what stands behind the last colon, where no slash follows it.
  Status take_tag(const PartRules& rules) {
    const std::size_t colon = rest_.rfind(':');
    ref_.tag = kDefaultTag;
    if (colon == std::string_view::npos || rest_.find('/', colon) != std::string_view::npos) return {};
    ref_.tag = rest_.substr(colon + 1);
    rest_ = rest_.substr(0, colon);
    return check_part(ref_.tag, rules);
  }

  // org/repo[:quant], org/repo/tree/REV[:quant], org/repo/[resolve/REV/]sub/file.gguf
  Status hub() {
    ref_.kind = RefKind::hugging_face;
    ref_.host = kHubHost;
    if (!ref_.digest.empty()) {
      return fail(Errc::bad_input, "digest: want none, found one: a commit of the hub goes as org/repo/tree/COMMIT");
    }
    rest_ = rest_.substr(0, rest_.find_first_of("?#"));
    while (rest_.ends_with('/')) rest_.remove_suffix(1);
    if (!ends_in_gguf(rest_) || std::ranges::count(rest_, '/') < 2) {
      QUERN_CHECK(take_tag(kQuant));
      if (ref_.tag == kDefaultTag) ref_.tag.clear();
    }
    ref_.namespace_ = take_until(rest_, '/');
    ref_.model = take_until(rest_, '/');
    if (ref_.model.empty() || ref_.namespace_ == "datasets" || ref_.namespace_ == "spaces") {
      return fail(Errc::bad_input, "model name: want hf.co/organisation/repository, found '{}/{}'",
                  shown(ref_.namespace_), shown(ref_.model));
    }
    for (const std::string* part : {&ref_.namespace_, &ref_.model}) {
      QUERN_CHECK(check_part(*part, kHubPart));
      if (part->find("..") == std::string::npos && part->find("--") == std::string::npos) continue;
      return fail(Errc::bad_input, "repository: want no '..' and no '--', found '{}'", *part);
    }
    return hub_page();
  }

  Status hub_page() {
    const std::string_view word = rest_.substr(0, rest_.find('/'));
    const bool tree = word == "tree";
    if (tree || word == "resolve" || word == "blob") {
      take_until(rest_, '/');
      ref_.revision = slashes_decoded(take_until(rest_, '/'));
      QUERN_CHECK(check_part(ref_.revision, kRevision));
      if (ref_.revision.find("..") != std::string::npos || ref_.revision.find("//") != std::string::npos) {
        return fail(Errc::bad_input, "revision: want a branch, tag or commit, found '{}'", ref_.revision);
      }
      if (ref_.revision == "main") ref_.revision.clear();
      if (tree && rest_.empty()) return {};
    } else if (rest_.empty()) {
      return {};
    }
    ref_.file = rest_;
    QUERN_CHECK(check_inner_path(ref_.file));
    if (ends_in_gguf(ref_.file) && !stem_of(ref_.file).empty()) return {};
    return fail(Errc::bad_input, "file of the repository: want one that ends in .gguf, found '{}'", shown(ref_.file));
  }

  // host/path/model[:tag]
  Status oci() {
    ref_.kind = RefKind::oci;
    QUERN_CHECK(take_tag(kOciTag));
    ref_.host = lower(take_until(rest_, '/'));
    QUERN_CHECK(check_part(ref_.host, kHost));
    const std::size_t slash = rest_.rfind('/');
    if (slash != std::string_view::npos) ref_.namespace_ = rest_.substr(0, slash);
    if (slash == std::string_view::npos && ref_.host == kDockerHost) ref_.namespace_ = "ai";
    ref_.model = rest_.substr(slash == std::string_view::npos ? 0 : slash + 1);
    for (std::string_view parts = ref_.namespace_; !parts.empty();)
      QUERN_CHECK(check_part(take_until(parts, '/'), kOciComponent));
    if (ref_.namespace_.size() + ref_.model.size() > kOciComponent.max_bytes || rest_.starts_with('/') ||
        ref_.namespace_.ends_with('/')) {
      return fail(Errc::bad_input, "repository: want at most {} bytes and no empty part, found '{}'",
                  kOciComponent.max_bytes, shown(rest_));
    }
    return check_part(ref_.model, kOciComponent);
  }

  // https://host/path/x.gguf[?query]; plain http to this machine alone.
  Status url() {
    ref_.kind = RefKind::url;
    std::string_view rest = rest_;
    const bool tls = take_prefix(rest, "https://");
    if (!tls) take_prefix(rest, "http://");
    ref_.host = lower(rest.substr(0, rest.find_first_of("/?#")));
    QUERN_CHECK(check_part(ref_.host, kHost));
    if (!tls && !is_loopback(ref_.host)) {
      return fail(Errc::bad_input, "address: want https:// beyond this machine, found 'http://{}'", ref_.host);
    }
    rest.remove_prefix(ref_.host.size());
    const std::string_view path = rest.substr(0, rest.find_first_of("?#"));
    ref_.model = stem_of(path);
    if (rest.find('#') != std::string_view::npos || !ends_in_gguf(path) || ref_.model.empty()) {
      return fail(Errc::bad_input, "address: want one whose path ends in .gguf, without a #, found '{}'", shown(rest_));
    }
    if (rest.find_first_of(" \"<>\\^`{|}") != std::string_view::npos) {
      return fail(Errc::bad_input, "address: want other characters than blanks and \"<>\\^`{{|}}, found '{}'",
                  shown(rest_));
    }
    ref_.file = fmt::format("{}://{}{}", tls ? "https" : "http", ref_.host, rest);
    return {};
  }

  // The rest becomes absolute, without . and .. in it.
  Status make_absolute() {
    std::filesystem::path path(rest_);
    if (rest_ == "~" || rest_.starts_with("~/")) {
      if (rules_.home.empty()) return fail(Errc::bad_input, "path: want one without ~ where HOME is not set");
      path = std::filesystem::path(rules_.home) / rest_.substr(std::min<std::size_t>(2, rest_.size()));
    } else if (!rest_.starts_with('/')) {
      if (rules_.working_folder.empty()) return fail(Errc::bad_input, "path: want an absolute one, found '{}'", rest_);
      path = std::filesystem::path(rules_.working_folder) / path;
    }
    absolute_ = path.lexically_normal().string();
    while (absolute_.size() > 1 && absolute_.ends_with('/')) absolute_.pop_back();
    rest_ = absolute_;
    return {};
  }

  Status path() {
    ref_.kind = RefKind::path;
    if (!ref_.digest.empty()) return fail(Errc::bad_input, "digest: want none behind a path, found one");
    ref_.file = rest_;
    ref_.model = stem_of(ref_.file);
    if (!ref_.model.empty()) return {};
    return fail(Errc::bad_input, "path: want that of a file, found '{}'", shown(rest_));
  }

  const NameRules& rules_;
  std::string_view rest_;
  std::string absolute_;  // what rest_ is part of, of a path
  ModelRef ref_;
};

}  // namespace

Result<ModelRef> ModelRef::parse(std::string_view text, const NameRules& rules) {
  Parser parser(text, rules);
  Result<ModelRef> out = parser.parse();
  if (out) return out;
  Error error = out.error();
  if (error.field.empty()) error.detail = fmt::format("{} (in '{}')", error.detail, shown(text));
  return error;
}

}  // namespace quern::registry
