#include "registry/model_name.hpp"

#include "registry/name_parts.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace quern::registry {
namespace {

constexpr std::size_t kMaxInnerPathBytes = 1024;
constexpr std::size_t kMaxVariantBytes = 40;
// What a path inside of a repository may begin with on the hub's pages: these name a revision.
constexpr std::string_view kPageWords[] = {"tree", "resolve", "blob"};

bool is_page_word(std::string_view word) {
  return std::ranges::find(kPageWords, word) != std::end(kPageWords);
}

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string host_of(std::string_view address) {
  if (!take_prefix(address, "https://") && !take_prefix(address, "http://")) return "";
  return lower(address.substr(0, address.find('/')));
}

// hf.co/org/repo[/tree/REV][:QUANT] or hf.co/org/repo/[resolve/REV/]file.gguf
std::string hub_text(const ModelRef& ref) {
  std::string out = fmt::format("{}/{}/{}", ref.host, ref.namespace_, ref.model);
  const std::string revision = slashes_encoded(ref.revision.empty() ? "main" : ref.revision);
  if (!ref.file.empty()) {
    const bool mistakable = is_page_word(std::string_view(ref.file).substr(0, ref.file.find('/')));
    return out + (ref.revision.empty() && !mistakable ? "/" : fmt::format("/resolve/{}/", revision)) + ref.file;
  }
  if (!ref.revision.empty()) out += "/tree/" + revision;
  if (!ref.tag.empty()) out += ":" + ref.tag;
  return out;
}

std::string text_of(const ModelRef& ref, bool all) {
  std::string out;
  switch (ref.kind) {
    case RefKind::ollama: {
      const bool host = all || ref.host != kOllamaHost;
      const bool name_space = host || ref.namespace_ != kOllamaNamespace || lower(ref.model) == "hf";
      out = fmt::format("{}{}{}{}{}:{}", host ? ref.host : "", host ? "/" : "", name_space ? ref.namespace_ : "",
                        name_space ? "/" : "", ref.model, ref.tag);
      break;
    }
    case RefKind::hugging_face:
      out = hub_text(ref);
      break;
    case RefKind::oci:
      out = fmt::format("{}{}/{}{}{}:{}", ref.host == kDockerHost && !all ? "" : "oci://", ref.host, ref.namespace_,
                        ref.namespace_.empty() ? "" : "/", ref.model, ref.tag);
      break;
    case RefKind::url:
    case RefKind::path:
      out = ref.file;
      break;
  }
  if (!ref.digest.empty()) out += "@" + ref.digest.text();
  if (!ref.variant.empty()) out += "@" + ref.variant;
  return out;
}

}  // namespace

std::string_view ref_kind_name(RefKind kind) noexcept {
  switch (kind) {
    case RefKind::ollama:
      return "ollama";
    case RefKind::hugging_face:
      return "hugging_face";
    case RefKind::oci:
      return "oci";
    case RefKind::url:
      return "url";
    case RefKind::path:
      return "path";
  }
  return "";
}

NameRules name_rules() {
  std::error_code ignored;  // without a working folder relative paths are refused
  const std::string home = environment("HOME");
  return {.hub_host = host_of(environment("HF_ENDPOINT")),
          .working_folder = std::filesystem::current_path(ignored).string(),
          .home = home.starts_with('/') ? home : ""};
}

std::string ModelRef::canonical() const {
  return text_of(*this, true);
}

std::string ModelRef::display() const {
  return text_of(*this, false);
}

ModelRef ModelRef::base() const {
  ModelRef out = *this;
  out.variant.clear();
  return out;
}

Status check_inner_path(std::string_view path) {
  const auto refuse = [&path](std::string_view want) {
    return fail(Errc::bad_input, "path inside of a repository: want {}, found '{}'", want, shown(path));
  };
  if (path.empty() || path.size() > kMaxInnerPathBytes) return refuse("1 to 1,024 bytes");
  if (path.size() > 1 && path[1] == ':') return refuse("one without a drive");
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || c == '\\') return refuse("no control character and no backslash");
  }
  for (std::string_view rest = path; !rest.empty() || path.ends_with('/');) {
    const std::string_view part = take_until(rest, '/');
    if (part.empty() || part == "." || part == "..") return refuse("a relative one without empty parts, . and ..");
    if (rest.empty() && path.ends_with('/')) return refuse("the name of a file, not of a folder");
  }
  return {};
}

Status check_variant(std::string_view variant) {
  const bool good = !variant.empty() && variant.size() <= kMaxVariantBytes && is_letter_or_digit(variant.front()) &&
                    !variant.starts_with("sha256-") &&
                    std::ranges::all_of(variant, [](char c) { return is_letter_or_digit(c) || c == '-' || c == '_'; });
  if (good) return {};
  return fail(Errc::bad_input,
              "variant: want 1 to {} letters, digits, - or _ behind the @, or sha256: and 64 hexadecimal digits, found "
              "'{}'",
              kMaxVariantBytes, shown(variant));
}

}  // namespace quern::registry
