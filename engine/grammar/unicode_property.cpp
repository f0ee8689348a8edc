#include "engine/grammar/unicode_property.hpp"

#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include <utf8proc.h>

namespace quern::engine::grammar {
namespace {

struct Name {
  std::string_view longer, shorter;
};
// Source: Unicode Standard Annex 44, table 12; the order of utf8proc's categories.
constexpr std::array<Name, 30> kCategories{{{"Unassigned", "Cn"},
                                            {"Uppercase_Letter", "Lu"},
                                            {"Lowercase_Letter", "Ll"},
                                            {"Titlecase_Letter", "Lt"},
                                            {"Modifier_Letter", "Lm"},
                                            {"Other_Letter", "Lo"},
                                            {"Nonspacing_Mark", "Mn"},
                                            {"Spacing_Mark", "Mc"},
                                            {"Enclosing_Mark", "Me"},
                                            {"Decimal_Number", "Nd"},
                                            {"Letter_Number", "Nl"},
                                            {"Other_Number", "No"},
                                            {"Connector_Punctuation", "Pc"},
                                            {"Dash_Punctuation", "Pd"},
                                            {"Open_Punctuation", "Ps"},
                                            {"Close_Punctuation", "Pe"},
                                            {"Initial_Punctuation", "Pi"},
                                            {"Final_Punctuation", "Pf"},
                                            {"Other_Punctuation", "Po"},
                                            {"Math_Symbol", "Sm"},
                                            {"Currency_Symbol", "Sc"},
                                            {"Modifier_Symbol", "Sk"},
                                            {"Other_Symbol", "So"},
                                            {"Space_Separator", "Zs"},
                                            {"Line_Separator", "Zl"},
                                            {"Paragraph_Separator", "Zp"},
                                            {"Control", "Cc"},
                                            {"Format", "Cf"},
                                            {"Surrogate", "Cs"},
                                            {"Private_Use", "Co"}}};
constexpr std::array<Name, 7> kGroups{{{"Letter", "L"},
                                       {"Mark", "M"},
                                       {"Number", "N"},
                                       {"Punctuation", "P"},
                                       {"Symbol", "S"},
                                       {"Separator", "Z"},
                                       {"Other", "C"}}};

CharSet find(std::string_view prefix) {
  std::array<bool, 30> wanted{};
  for (std::size_t i = 0; i < kCategories.size(); ++i) wanted[i] = kCategories[i].shorter.starts_with(prefix);
  CharSet out;
  std::uint32_t first = 0;
  bool inside = false;
  for (std::uint32_t c = 0; c <= kMaxCodePoint + 1; ++c) {
    const bool in =
        c <= kMaxCodePoint && wanted[static_cast<std::size_t>(utf8proc_category(static_cast<utf8proc_int32_t>(c)))];
    if (in && !inside) first = c;
    if (!in && inside) out.append({first, c - 1});
    inside = in;
  }
  return out.intersection(CharSet::all());  // without halves of surrogate pairs
}

}  // namespace

const CharSet* unicode_property(std::string_view name) {
  static std::mutex mutex;
  static std::unordered_map<std::string, std::unique_ptr<const CharSet>> known;
  std::string_view shorter;
  for (const Name& one : kCategories) {
    if (name == one.longer || name == one.shorter) shorter = one.shorter;
  }
  for (const Name& one : kGroups) {
    if (name == one.longer || name == one.shorter) shorter = one.shorter;
  }
  static const CharSet kAny = CharSet::all(), kAscii{{0, 0x7F}};
  if (name == "Any") return &kAny;
  if (name == "ASCII") return &kAscii;
  if (shorter.empty()) return nullptr;
  const std::lock_guard lock(mutex);
  auto& set = known[std::string(shorter)];
  if (set == nullptr) set = std::make_unique<const CharSet>(find(shorter));
  return set.get();
}

}  // namespace quern::engine::grammar
