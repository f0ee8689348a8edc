// Every metadata value of every architecture, one after the other missing, of another type, or absurd: an error that
// names what is wrong, or a model that still computes; never the end of the process.
#include "tests/support/arch_models.hpp"
#include "tests/support/gguf_image.hpp"
#include "tests/support/model_trial.hpp"

#include <cmath>
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

INSTANTIATE_TEST_SUITE_P(Models, Metadata, testing::ValuesIn(arch_models()),
                         [](const auto& param) { return test_name_of(param.param); });

}  // namespace
}  // namespace quern::test
