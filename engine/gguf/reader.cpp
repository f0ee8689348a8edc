#include "engine/gguf/reader.hpp"

#include "engine/gguf/open_files.hpp"
#include "engine/gguf/part.hpp"
#include "engine/gguf/printable.hpp"
#include "engine/gguf/splits.hpp"

#include <optional>
#include <utility>

namespace quern::engine::gguf {
namespace {

Error in_file(const std::string& path, Error error) {
  error.detail = fmt::format("{}: {}", printable(path, 1024), error.detail);
  return error;
}

struct OpenPart {
  MmapFile file;
  Part part;
  std::optional<SplitKeys> split;
};

Result<OpenPart> open_part(const std::string& path, const ReaderLimits& limits) {
  OpenPart opened;
  QUERN_TRY(opened.file, MmapFile::open(path));
  auto part = parse_part(opened.file.bytes(), limits);
  if (!part) return in_file(path, part.error());
  opened.part = std::move(*part);
  auto split = split_keys(opened.part.metadata, limits);
  if (!split) return in_file(path, split.error());
  opened.split = *split;
  return opened;
}

// Whether it is the file `number` (from 1) of the set that `first` belongs to.
Status check_sibling(const std::string& path, const OpenPart& opened, std::uint64_t number, const SplitKeys& first) {
  if (!opened.split) {
    return in_file(path,
                   fail(Errc::corrupt, "key \"split.count\": want {}, found a file that is not split", first.count));
  }
  const SplitKeys& keys = *opened.split;
  if (keys.count != first.count) {
    return in_file(path, fail(Errc::corrupt, "key \"split.count\": want {}, found {}", first.count, keys.count));
  }
  if (keys.no != number - 1) {
    return in_file(path, fail(Errc::corrupt, "key \"split.no\": want {}, found {}", number - 1, keys.no));
  }
  if (keys.n_tensors != first.n_tensors) {
    return in_file(
        path, fail(Errc::corrupt, "key \"split.tensors.count\": want {}, found {}", first.n_tensors, keys.n_tensors));
  }
  return {};
}

// The file `number` (from 1) of the set that `first` belongs to.
Result<OpenPart> open_sibling(const SplitName& name, std::uint64_t number, const SplitKeys& first,
                              const ReaderLimits& limits) {
  const std::string path = name.path_of(number);
  auto opened = open_part(path, limits);
  if (!opened) {
    Error error = opened.error();
    if (error.code == Errc::not_found)
      error.detail += fmt::format(" (file {} of {} of a split model)", number, name.count);
    return error;
  }
  QUERN_CHECK(check_sibling(path, *opened, number, first));
  return opened;
}

}  // namespace

// The only friend of GgufFile: puts parsed parts together.
class Parser {
 public:
  explicit Parser(std::string name) : gguf_(new GgufFile()) { gguf_->name_ = std::move(name); }

  // The first part brings the metadata.
  Status add(MmapFile file, Part part, const ReaderLimits& limits) {
    if (gguf_->files_.empty()) {
      gguf_->version_ = part.version;
      gguf_->alignment_ = part.alignment;
      gguf_->metadata_ = std::move(part.metadata);
    }
    if (part.tensors.size() > limits.max_tensors - gguf_->tensors_.size()) {
      return fail(Errc::corrupt, "tensor count: want at most {} in all files, found more", limits.max_tensors);
    }
    for (Tensor& tensor : part.tensors) {
      if (!gguf_->tensor_index_.emplace(tensor.name, gguf_->tensors_.size()).second) {
        return fail(Errc::corrupt, "tensor \"{}\": want it once, found it again as number {}", printable(tensor.name),
                    gguf_->tensors_.size());
      }
      gguf_->tensors_.push_back(tensor);
    }
    gguf_->files_.push_back(std::move(file));
    return {};
  }

  const std::string& name() const noexcept { return gguf_->name_; }
  std::size_t n_tensors() const noexcept { return gguf_->tensors_.size(); }
  std::unique_ptr<GgufFile> finish() { return std::move(gguf_); }

 private:
  std::unique_ptr<GgufFile> gguf_;
};

namespace {

// `given` is the file that was asked for: any file of the set.
Result<std::unique_ptr<GgufFile>> open_set(const std::string& path, OpenPart given, const ReaderLimits& limits) {
  const SplitKeys keys = *given.split;
  const std::optional<SplitName> name = parse_split_name(path);
  if (!name || name->count != keys.count || name->number != keys.no + 1) {
    return in_file(path,
                   fail(Errc::bad_input, "file name: want \"...-{:05}-of-{:05}.gguf\" for split.no {}, found another",
                        keys.no + 1, keys.count, keys.no));
  }
  Parser parser(name->path_of(1));
  for (std::uint64_t number = 1; number <= keys.count; ++number) {
    Result<OpenPart> opened =
        number == name->number ? Result<OpenPart>(std::move(given)) : open_sibling(*name, number, keys, limits);
    if (!opened) return opened.error();
    if (Status added = parser.add(std::move(opened->file), std::move(opened->part), limits); !added) {
      return in_file(name->path_of(number), added.error());
    }
  }
  if (parser.n_tensors() != keys.n_tensors) {
    return in_file(path, fail(Errc::corrupt, "key \"split.tensors.count\": want {} tensors in all files, found {}",
                              keys.n_tensors, parser.n_tensors()));
  }
  return parser.finish();
}

}  // namespace

Result<std::unique_ptr<GgufFile>> open_files(std::span<const std::string> paths, const ReaderLimits& limits) {
  if (paths.empty()) return fail(Errc::bad_input, "model: want at least one file, found none");
  if (paths.size() == 1) return GgufFile::open(paths.front(), limits);
  Parser parser(paths.front());
  SplitKeys first;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    QUERN_TRY(OpenPart opened, open_part(paths[i], limits));
    if (i == 0) first = opened.split.value_or(SplitKeys{.no = 0, .count = paths.size(), .n_tensors = 0});
    QUERN_CHECK(check_sibling(paths[i], opened, i + 1, first));
    if (first.count != paths.size()) {
      return in_file(paths[i], fail(Errc::corrupt, "key \"split.count\": want {}, the number of files, found {}",
                                    paths.size(), first.count));
    }
    if (Status added = parser.add(std::move(opened.file), std::move(opened.part), limits); !added) {
      return in_file(paths[i], added.error());
    }
  }
  if (parser.n_tensors() == first.n_tensors) return parser.finish();
  return in_file(paths.front(),
                 fail(Errc::corrupt, "key \"split.tensors.count\": want {} tensors in all files, found {}",
                      first.n_tensors, parser.n_tensors()));
}

Result<std::unique_ptr<GgufFile>> GgufFile::open(const std::string& path, const ReaderLimits& limits) {
  QUERN_TRY(OpenPart opened, open_part(path, limits));
  if (opened.split) return open_set(path, std::move(opened), limits);
  Parser parser(path);
  if (Status added = parser.add(std::move(opened.file), std::move(opened.part), limits); !added) {
    return in_file(path, added.error());
  }
  return parser.finish();
}

Result<std::unique_ptr<GgufFile>> GgufFile::parse(std::span<const std::byte> bytes, std::string name,
                                                  const ReaderLimits& limits) {
  auto part = parse_part(bytes, limits);
  if (!part) return in_file(name, part.error());
  auto split = split_keys(part->metadata, limits);
  if (!split) return in_file(name, split.error());
  if (*split)
    return in_file(name, fail(Errc::unsupported, "key \"split.count\": want a whole model, found {}", (*split)->count));
  Parser parser(std::move(name));
  if (Status added = parser.add(MmapFile(), std::move(*part), limits); !added) {
    return in_file(parser.name(), added.error());
  }
  return parser.finish();
}

}  // namespace quern::engine::gguf
