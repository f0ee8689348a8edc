// A well-formed GGUF file taken apart, so that single metadata values can be left out or replaced: for tests of what
// readers do with files that are wrong in one place.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace quern::test {

class GgufImage {
 public:
  struct Key {
    std::string name;
    std::uint32_t type = 0;        // as in the file
    std::vector<std::byte> value;  // as in the file
  };
  std::vector<Key> keys;

  // Throws std::runtime_error where the bytes end early. Alignment 32.
  static GgufImage parse(std::span<const std::byte> file) {
    GgufImage image;
    Reader in{file};
    in.skip(4 + 4);  // magic and version
    image.n_tensors_ = in.number<std::uint64_t>();
    const auto n_keys = in.number<std::uint64_t>();
    for (std::uint64_t i = 0; i < n_keys; ++i) {
      Key key;
      key.name = in.string();
      key.type = in.number<std::uint32_t>();
      const std::size_t begin = in.at;
      in.skip_value(key.type);
      key.value.assign(file.begin() + static_cast<std::ptrdiff_t>(begin),
                       file.begin() + static_cast<std::ptrdiff_t>(in.at));
      image.keys.push_back(std::move(key));
    }
    const std::size_t table = in.at;
    for (std::uint64_t i = 0; i < image.n_tensors_; ++i) {
      in.string();
      in.skip(in.number<std::uint32_t>() * sizeof(std::uint64_t));
      in.skip(sizeof(std::uint32_t) + sizeof(std::uint64_t));
    }
    image.table_.assign(file.begin() + static_cast<std::ptrdiff_t>(table),
                        file.begin() + static_cast<std::ptrdiff_t>(in.at));
    const std::size_t data = std::min((in.at + 31) / 32 * 32, file.size());  // a file without tensors ends early
    image.data_.assign(file.begin() + static_cast<std::ptrdiff_t>(data), file.end());
    return image;
  }

  Key* find(std::string_view name) {
    for (Key& key : keys) {
      if (key.name == name) return &key;
    }
    return nullptr;
  }

  std::vector<std::byte> build() const {
    std::vector<std::byte> out;
    append(out, "GGUF", 4);
    put<std::uint32_t>(out, 3);
    put<std::uint64_t>(out, n_tensors_);
    put<std::uint64_t>(out, keys.size());
    for (const Key& key : keys) {
      put<std::uint64_t>(out, key.name.size());
      append(out, key.name.data(), key.name.size());
      put<std::uint32_t>(out, key.type);
      append(out, key.value.data(), key.value.size());
    }
    append(out, table_.data(), table_.size());
    out.resize((out.size() + 31) / 32 * 32);
    append(out, data_.data(), data_.size());
    return out;
  }

  template <class T>
  static void put(std::vector<std::byte>& out, T value) {
    append(out, &value, sizeof value);
  }

 private:
  struct Reader {
    std::span<const std::byte> file;
    std::size_t at = 0;

    void skip(std::size_t n) {
      if (n > file.size() - at) throw std::runtime_error("GGUF image ends early");
      at += n;
    }
    template <class T>
    T number() {
      T value;
      const std::size_t from = at;
      skip(sizeof value);
      std::memcpy(&value, file.data() + from, sizeof value);
      return value;
    }
    std::string string() {
      const auto n = static_cast<std::size_t>(number<std::uint64_t>());
      const std::size_t from = at;
      skip(n);
      return {reinterpret_cast<const char*>(file.data()) + from, n};
    }
    void skip_value(std::uint32_t type) {
      static constexpr std::size_t kSizes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
      if (type == 8) {
        string();
      } else if (type == 9) {
        const auto element = number<std::uint32_t>();
        const auto n = number<std::uint64_t>();
        for (std::uint64_t i = 0; i < n; ++i) skip_value(element);
      } else {
        skip(kSizes[type]);
      }
    }
  };
  static void append(std::vector<std::byte>& out, const void* from, std::size_t n) {
    if (n == 0) return;
    out.resize(out.size() + n);
    std::memcpy(out.data() + out.size() - n, from, n);
  }

  std::uint64_t n_tensors_ = 0;
  std::vector<std::byte> table_, data_;
};

}  // namespace quern::test
