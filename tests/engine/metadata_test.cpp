// Every metadata value of every architecture, one after the other missing, of another type, or absurd: an error that
// names what is wrong, or a model that still computes; never the end of the process.
#include "engine/tokenizer/tokenizer.hpp"
#include "tests/support/arch_models.hpp"
#include "tests/support/gguf_image.hpp"
#include "tests/support/model_trial.hpp"

#include <cmath>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>

#include <gtest/gtest.h>

namespace quern::test {
namespace {

GgufImage read_image(const std::string& name) {
  std::ifstream in(arch_model_path(name), std::ios::binary);
  const std::vector<char> bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  return GgufImage::parse(std::as_bytes(std::span(bytes)));
}

ModelTrial& trial() {
  static ModelTrial shared;
  return shared;
}

class Metadata : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { image_ = read_image(GetParam()); }

  bool is_models_own(const GgufImage::Key& key) const {
    return !key.name.starts_with("tokenizer.") &&
           (!key.name.starts_with("general.") || key.name == "general.architecture");
  }
  // Calls body with each key that describes the model, and an image in which `change` was applied to that key.
  void for_each_key(const std::function<bool(GgufImage::Key&)>& change,
                    const std::function<void(const GgufImage::Key&, const std::optional<Error>&)>& body) {
    for (std::size_t i = 0; i < image_.keys.size(); ++i) {
      const GgufImage::Key original = image_.keys[i];
      if (!is_models_own(original) || !change(image_.keys[i])) continue;
      const std::optional<Error> error = trial().run(image_.build());
      image_.keys[i] = original;
      body(original, error);
    }
  }

  GgufImage image_;
};

bool mentions(const Error& error, std::string_view text) {
  return error.detail.find(text) != std::string::npos;
}

template <class T>
void set_number(GgufImage::Key& key, std::uint32_t type, T value) {
  key.type = type;
  key.value.clear();
  GgufImage::put(key.value, value);
}

TEST_P(Metadata, TheModelItselfRuns) {
  const std::optional<Error> error = trial().run(image_.build());
  EXPECT_FALSE(error.has_value()) << error->detail;
}

TEST_P(Metadata, AMissingKeyIsNamedOrHasADefault) {
  std::size_t n_named = 0;
  for (std::size_t i = 0; i < image_.keys.size(); ++i) {
    if (!is_models_own(image_.keys[i])) continue;
    GgufImage without = image_;
    without.keys.erase(without.keys.begin() + static_cast<std::ptrdiff_t>(i));
    const std::optional<Error> error = trial().run(without.build());
    if (!error) continue;
    // A default that does not fit shows in the shape of a tensor, or in another key that it contradicts.
    const std::string& name = image_.keys[i].name;
    if (mentions(*error, name)) ++n_named;
    EXPECT_TRUE(mentions(*error, name) || mentions(*error, "tensor ") ||
                mentions(*error, name.substr(0, name.find('.'))))
        << name << ": " << error->detail;
  }
  EXPECT_GE(n_named, 6u) << "sizes have no defaults";
}

TEST_P(Metadata, AKeyOfAnotherTypeIsNamed) {
  const auto to_other_type = [](GgufImage::Key& key) {
    if (key.type == 8) {
      set_number(key, 4, std::uint32_t{3});
    } else {
      key.type = 8;
      key.value.clear();
      GgufImage::put(key.value, std::uint64_t{1});
      key.value.push_back(std::byte{'x'});
    }
    return true;
  };
  std::size_t n_refused = 0;
  for_each_key(to_other_type, [&](const GgufImage::Key& key, const std::optional<Error>& error) {
    if (!error) return;  // a key that this architecture does not read
    ++n_refused;
    EXPECT_TRUE(mentions(*error, key.name)) << key.name << ": " << error->detail;
  });
  EXPECT_GE(n_refused, 7u);
}

TEST_P(Metadata, AnAbsurdNumberIsAnErrorOrHarmless) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<std::function<void(GgufImage::Key&)>> changes{
      [](auto& key) { set_number(key, 4, std::uint32_t{0}); },
      [](auto& key) { set_number(key, 4, std::uint32_t{1}); },
      [](auto& key) { set_number(key, 4, std::uint32_t{3}); },
      [](auto& key) { set_number(key, 4, std::uint32_t{1000}); },
      [](auto& key) { set_number(key, 4, std::numeric_limits<std::uint32_t>::max()); },
      [](auto& key) { set_number(key, 5, std::int32_t{-1}); },
      [](auto& key) { set_number(key, 10, std::uint64_t{1} << 40); },
      [](auto& key) { set_number(key, 6, 1e-30f); },
      [](auto& key) { set_number(key, 6, -1.0f); },
      [](auto& key) { set_number(key, 12, 1e300); },
      [nan](auto& key) { set_number(key, 12, nan); },
      [](auto& key) { set_number(key, 7, std::uint8_t{1}); },
      [](auto& key) {  // an empty array
        set_number(key, 9, std::uint32_t{4});
        GgufImage::put(key.value, std::uint64_t{0});
      },
      [](auto& key) {  // an array whose items differ
        set_number(key, 9, std::uint32_t{4});
        GgufImage::put(key.value, std::uint64_t{2});
        GgufImage::put(key.value, std::uint32_t{2});
        GgufImage::put(key.value, std::uint32_t{4});
      },
  };
  for (const auto& change : changes) {
    const auto apply = [&](GgufImage::Key& key) {
      if (key.type == 8) return false;  // names are for another test
      change(key);
      return true;
    };
    for_each_key(apply, [&](const GgufImage::Key& key, const std::optional<Error>& error) {
      if (!error) return;
      const std::string arch = key.name.substr(0, key.name.find('.'));
      EXPECT_TRUE(mentions(*error, "tensor ") || mentions(*error, arch + ".") || error->code == Errc::overloaded)
          << key.name << ": " << error->detail;
    });
  }
}

// Every integer of the file, those of the tokenizer and the container too, alone or as an item of an array.
constexpr std::size_t kIntegerBytes[] = {1, 1, 2, 2, 4, 4, 0, 0, 0, 0, 8, 8};  // by GGUF type; 0: another kind
constexpr std::uint64_t kIntegers[] = {0,
                                       1,
                                       2,
                                       3,
                                       0x7F,
                                       0xFF,
                                       0x7FFFFFFF,
                                       0x80000000,
                                       0xFFFFFFFF,
                                       0x100000000,
                                       std::uint64_t{INT64_MAX},
                                       std::uint64_t{1} << 63,
                                       UINT64_MAX};

std::size_t integer_bytes(std::uint32_t type) {
  return type < std::size(kIntegerBytes) ? kIntegerBytes[type] : 0;
}

// Where the integers of a value are: the value itself, or the first and last items of an array.
std::vector<std::size_t> integer_offsets(const GgufImage::Key& key, std::uint32_t& type) {
  constexpr std::size_t kArrayHead = sizeof(std::uint32_t) + sizeof(std::uint64_t);
  type = key.type;
  if (key.type != 9) return integer_bytes(type) != 0 ? std::vector<std::size_t>{0} : std::vector<std::size_t>{};
  std::memcpy(&type, key.value.data(), sizeof type);
  const std::size_t size = integer_bytes(type);
  if (size == 0 || key.value.size() == kArrayHead) return {};
  return {kArrayHead, key.value.size() - size};
}

TEST_P(Metadata, AnyIntegerIsAnErrorOrHarmless) {
  std::size_t n_tried = 0, n_refused = 0;
  const auto try_image = [&](const std::string& name) {
    ++n_tried;
    const std::vector<std::byte> bytes = image_.build();
    const std::optional<Error> error = trial().run(bytes);
    if (error) {
      ++n_refused;
      EXPECT_FALSE(error->detail.empty()) << name;
    }
    if (const auto file = engine::gguf::GgufFile::parse(bytes, "trial.gguf")) {
      const auto tokenizer = engine::load_tokenizer(**file);
      if (tokenizer) (void)(*tokenizer)->encode("Once upon a time", {});
    }
  };
  for (GgufImage::Key& key : image_.keys) {
    const GgufImage::Key original = key;
    std::uint32_t type = 0;
    for (const std::size_t offset : integer_offsets(original, type)) {
      for (const std::uint64_t number : kIntegers) {  // cut to the type, so that small ones become -1 and the like
        std::memcpy(key.value.data() + offset, &number, integer_bytes(type));
        if (key.value != original.value) try_image(key.name);
        key = original;
      }
    }
    if (key.type == 9 || integer_offsets(original, type).empty()) continue;
    for (const std::uint32_t wide : {10u, 11u}) {  // the numbers that 64 bits hold, as unsigned and as signed ones
      for (const std::uint64_t number : kIntegers) {
        if (number <= 0xFF) continue;
        set_number(key, wide, number);
        try_image(key.name);
        key = original;
      }
    }
  }
  EXPECT_GE(n_tried, 200u);
  EXPECT_GE(n_refused, n_tried / 4);
}

INSTANTIATE_TEST_SUITE_P(Models, Metadata, testing::ValuesIn(arch_models()),
                         [](const auto& param) { return test_name_of(param.param); });

}  // namespace
}  // namespace quern::test
