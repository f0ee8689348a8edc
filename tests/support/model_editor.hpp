// A model file as keys and tensors of floats, to be changed and written again, or made from nothing: for tests of the
// forms in which the same model comes.
#pragma once

#include "engine/gguf/reader.hpp"
#include "tests/support/gguf_builder.hpp"
#include "tests/support/gguf_image.hpp"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace quern::test {

struct ModelEditor {
  struct Tensor {
    std::vector<std::uint64_t> dims;  // GGUF order: columns first
    std::vector<float> values;
    kernels::TensorType type = kernels::TensorType::f32;  // f32, or f16 for which `halves` is written
    std::vector<std::uint16_t> halves;
  };
  std::vector<GgufImage::Key> keys;
  std::map<std::string, Tensor> tensors;

  static ModelEditor read(const std::string& path) {
    ModelEditor out;
    std::ifstream in(path, std::ios::binary);
    const std::vector<char> bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    out.keys = GgufImage::parse(std::as_bytes(std::span(bytes))).keys;
    const auto file = engine::gguf::GgufFile::open(path).value();
    for (const engine::gguf::Tensor& tensor : file->tensors()) {
      Tensor& to = out.tensors[std::string(tensor.name)];
      to.dims.assign(tensor.dims.begin(), tensor.dims.begin() + tensor.n_dims);
      to.values.resize(tensor.n_values());
      kernels::format_of(tensor.type).dequantize(tensor.data.data(), to.values.size(), to.values.data());
    }
    return out;
  }

  Tensor take(const std::string& name) {
    const auto found = tensors.find(name);
    if (found == tensors.end()) throw std::runtime_error("no tensor " + name);
    Tensor out = std::move(found->second);
    tensors.erase(found);
    return out;
  }
  void put(const std::string& name, std::vector<std::uint64_t> dims, std::vector<float> values) {
    tensors[name] = {std::move(dims), std::move(values), kernels::TensorType::f32, {}};
  }
  // Normally distributed around `mean`, the same for the same name.
  void put_random(const std::string& name, std::vector<std::uint64_t> dims, float spread = 0.3f, float mean = 0.0f) {
    std::size_t n = 1;
    for (const std::uint64_t dim : dims) n *= dim;
    std::seed_seq seed(name.begin(), name.end());
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(mean, spread);
    std::vector<float> values(n);
    std::generate(values.begin(), values.end(), [&] { return normal(random); });
    put(name, std::move(dims), std::move(values));
  }

  void drop_key(std::string_view name) {
    std::erase_if(keys, [name](const GgufImage::Key& key) { return key.name == name; });
  }
  void set(const std::string& name, std::uint32_t value) { set_bytes(name, 4, ByteWriter().number(value)); }
  void set(const std::string& name, float value) { set_bytes(name, 6, ByteWriter().number(value)); }
  void set(const std::string& name, const char* value) { set_bytes(name, 8, ByteWriter().string(value)); }
  void set(const std::string& name, bool value) { set_bytes(name, 7, ByteWriter().number<std::uint8_t>(value)); }
  void set(const std::string& name, const std::vector<std::int32_t>& values) {
    ByteWriter array;
    array.number<std::uint32_t>(5).number<std::uint64_t>(values.size());
    for (const std::int32_t value : values) array.number(value);
    set_bytes(name, 9, array);
  }
  void set(const std::string& name, const std::vector<std::string>& values) {
    ByteWriter array;
    array.number<std::uint32_t>(8).number<std::uint64_t>(values.size());
    for (const std::string& value : values) array.string(value);
    set_bytes(name, 9, array);
  }
  bool has(std::string_view name) const {
    return std::any_of(keys.begin(), keys.end(), [name](const GgufImage::Key& key) { return key.name == name; });
  }
  // The value of a key that is text.
  std::string text(std::string_view name) const {
    for (const GgufImage::Key& key : keys)
      if (key.name == name && key.type == 8)
        return {reinterpret_cast<const char*>(key.value.data()) + sizeof(std::uint64_t),
                key.value.size() - sizeof(std::uint64_t)};
    throw std::runtime_error("no text " + std::string(name));
  }

  // The value of a key that is an array of texts.
  std::vector<std::string> texts(std::string_view name) const {
    std::vector<std::string> out;
    for (const GgufImage::Key& key : keys) {
      if (key.name != name || key.type != 9) continue;
      std::size_t at = sizeof(std::uint32_t);
      const auto number = [&] {
        std::uint64_t value = 0;
        std::memcpy(&value, key.value.data() + at, sizeof value);
        at += sizeof value;
        return value;
      };
      for (std::uint64_t n = number(); n > 0; --n) {
        const std::uint64_t size = number();
        out.emplace_back(reinterpret_cast<const char*>(key.value.data()) + at, size);
        at += size;
      }
    }
    return out;
  }

  void save(const std::filesystem::path& path) const { write_file(path, build()); }
  std::vector<std::byte> build() const {
    GgufBuilder out;
    for (const GgufImage::Key& key : keys) out.raw_key(key.name, key.type, key.value);
    for (const auto& [name, tensor] : tensors) {
      if (tensor.type == kernels::TensorType::f32)
        out.tensor(name, tensor.dims, tensor.values);
      else
        out.tensor(name, tensor.type, tensor.dims, std::as_bytes(std::span(tensor.halves)));
    }
    return out.build();
  }

 private:
  void set_bytes(const std::string& name, std::uint32_t type, const ByteWriter& value) {
    drop_key(name);
    keys.push_back({name, type, value.bytes()});
  }
};

}  // namespace quern::test
