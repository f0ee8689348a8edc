#include "engine/chat/jinja/unicode_tables.hpp"

#include <algorithm>
#include <iterator>

namespace quern::engine::chat::jinja {

namespace {

constexpr Range kDecimals[] = {
    {0x30, 0x39},       {0x660, 0x669},     {0x6F0, 0x6F9},     {0x7C0, 0x7C9},     {0x966, 0x96F},
    {0x9E6, 0x9EF},     {0xA66, 0xA6F},     {0xAE6, 0xAEF},     {0xB66, 0xB6F},     {0xBE6, 0xBEF},
    {0xC66, 0xC6F},     {0xCE6, 0xCEF},     {0xD66, 0xD6F},     {0xDE6, 0xDEF},     {0xE50, 0xE59},
    {0xED0, 0xED9},     {0xF20, 0xF29},     {0x1040, 0x1049},   {0x1090, 0x1099},   {0x17E0, 0x17E9},
    {0x1810, 0x1819},   {0x1946, 0x194F},   {0x19D0, 0x19D9},   {0x1A80, 0x1A89},   {0x1A90, 0x1A99},
    {0x1B50, 0x1B59},   {0x1BB0, 0x1BB9},   {0x1C40, 0x1C49},   {0x1C50, 0x1C59},   {0xA620, 0xA629},
    {0xA8D0, 0xA8D9},   {0xA900, 0xA909},   {0xA9D0, 0xA9D9},   {0xA9F0, 0xA9F9},   {0xAA50, 0xAA59},
    {0xABF0, 0xABF9},   {0xFF10, 0xFF19},   {0x104A0, 0x104A9}, {0x10D30, 0x10D39}, {0x11066, 0x1106F},
    {0x110F0, 0x110F9}, {0x11136, 0x1113F}, {0x111D0, 0x111D9}, {0x112F0, 0x112F9}, {0x11450, 0x11459},
    {0x114D0, 0x114D9}, {0x11650, 0x11659}, {0x116C0, 0x116C9}, {0x11730, 0x11739}, {0x118E0, 0x118E9},
    {0x11950, 0x11959}, {0x11C50, 0x11C59}, {0x11D50, 0x11D59}, {0x11DA0, 0x11DA9}, {0x16A60, 0x16A69},
    {0x16AC0, 0x16AC9}, {0x16B50, 0x16B59}, {0x1D7CE, 0x1D7FF}, {0x1E140, 0x1E149}, {0x1E2F0, 0x1E2F9},
    {0x1E950, 0x1E959}, {0x1FBF0, 0x1FBF9},
};

constexpr Range kOtherDigits[] = {
    {0xB2, 0xB3},     {0xB9, 0xB9},       {0x1369, 0x1371},   {0x19DA, 0x19DA},   {0x2070, 0x2070},
    {0x2074, 0x2079}, {0x2080, 0x2089},   {0x2460, 0x2468},   {0x2474, 0x247C},   {0x2488, 0x2490},
    {0x24EA, 0x24EA}, {0x24F5, 0x24FD},   {0x24FF, 0x24FF},   {0x2776, 0x277E},   {0x2780, 0x2788},
    {0x278A, 0x2792}, {0x10A40, 0x10A43}, {0x10E60, 0x10E68}, {0x11052, 0x1105A}, {0x1F100, 0x1F10A},
};

constexpr Range kNumericLetters[] = {
    {0x3405, 0x3405},   {0x3483, 0x3483},   {0x382A, 0x382A},   {0x3B4D, 0x3B4D},   {0x4E00, 0x4E00},
    {0x4E03, 0x4E03},   {0x4E07, 0x4E07},   {0x4E09, 0x4E09},   {0x4E5D, 0x4E5D},   {0x4E8C, 0x4E8C},
    {0x4E94, 0x4E94},   {0x4E96, 0x4E96},   {0x4EBF, 0x4EC0},   {0x4EDF, 0x4EDF},   {0x4EE8, 0x4EE8},
    {0x4F0D, 0x4F0D},   {0x4F70, 0x4F70},   {0x5104, 0x5104},   {0x5146, 0x5146},   {0x5169, 0x5169},
    {0x516B, 0x516B},   {0x516D, 0x516D},   {0x5341, 0x5341},   {0x5343, 0x5345},   {0x534C, 0x534C},
    {0x53C1, 0x53C4},   {0x56DB, 0x56DB},   {0x58F1, 0x58F1},   {0x58F9, 0x58F9},   {0x5E7A, 0x5E7A},
    {0x5EFE, 0x5EFF},   {0x5F0C, 0x5F0E},   {0x5F10, 0x5F10},   {0x62FE, 0x62FE},   {0x634C, 0x634C},
    {0x67D2, 0x67D2},   {0x6F06, 0x6F06},   {0x7396, 0x7396},   {0x767E, 0x767E},   {0x8086, 0x8086},
    {0x842C, 0x842C},   {0x8CAE, 0x8CAE},   {0x8CB3, 0x8CB3},   {0x8D30, 0x8D30},   {0x9621, 0x9621},
    {0x9646, 0x9646},   {0x964C, 0x964C},   {0x9678, 0x9678},   {0x96F6, 0x96F6},   {0xF96B, 0xF96B},
    {0xF973, 0xF973},   {0xF978, 0xF978},   {0xF9B2, 0xF9B2},   {0xF9D1, 0xF9D1},   {0xF9D3, 0xF9D3},
    {0xF9FD, 0xF9FD},   {0x20001, 0x20001}, {0x20064, 0x20064}, {0x200E2, 0x200E2}, {0x20121, 0x20121},
    {0x2092A, 0x2092A}, {0x20983, 0x20983}, {0x2098C, 0x2098C}, {0x2099C, 0x2099C}, {0x20AEA, 0x20AEA},
    {0x20AFD, 0x20AFD}, {0x20B19, 0x20B19}, {0x22390, 0x22390}, {0x22998, 0x22998}, {0x23B1B, 0x23B1B},
    {0x2626D, 0x2626D}, {0x2F890, 0x2F890},
};

constexpr Range kOtherLowercase[] = {
    {0xAA, 0xAA},     {0xBA, 0xBA},     {0x2B0, 0x2B8},     {0x2C0, 0x2C1},     {0x2E0, 0x2E4},     {0x345, 0x345},
    {0x37A, 0x37A},   {0x1D2C, 0x1D6A}, {0x1D78, 0x1D78},   {0x1D9B, 0x1DBF},   {0x2071, 0x2071},   {0x207F, 0x207F},
    {0x2090, 0x209C}, {0x2170, 0x217F}, {0x24D0, 0x24E9},   {0x2C7C, 0x2C7D},   {0xA69C, 0xA69D},   {0xA770, 0xA770},
    {0xA7F8, 0xA7F9}, {0xAB5C, 0xAB5F}, {0x10780, 0x10780}, {0x10783, 0x10785}, {0x10787, 0x107B0}, {0x107B2, 0x107BA},
};

constexpr Range kOtherUppercase[] = {
    {0x2160, 0x216F}, {0x24B6, 0x24CF}, {0x1F130, 0x1F149}, {0x1F150, 0x1F169}, {0x1F170, 0x1F189},
};

constexpr Range kIdentifierExceptions[] = {
    {0xB7, 0xB7},     {0x37A, 0x37A},   {0x387, 0x387},   {0x1369, 0x1371}, {0x19DA, 0x19DA}, {0x2118, 0x2118},
    {0x212E, 0x212E}, {0x2E2F, 0x2E2F}, {0xFC5E, 0xFC63}, {0xFDFA, 0xFDFB}, {0xFE70, 0xFE70}, {0xFE72, 0xFE72},
    {0xFE74, 0xFE74}, {0xFE76, 0xFE76}, {0xFE78, 0xFE78}, {0xFE7A, 0xFE7A}, {0xFE7C, 0xFE7C}, {0xFE7E, 0xFE7E},
};

constexpr SpecialCase kSpecialCases[] = {
    {0xDF, u"\x0053\x0053", u"\x0053\x0073"},
    {0x149, u"\x02BC\x004E", u"\x02BC\x004E"},
    {0x1F0, u"\x004A\x030C", u"\x004A\x030C"},
    {0x390, u"\x0399\x0308\x0301", u"\x0399\x0308\x0301"},
    {0x3B0, u"\x03A5\x0308\x0301", u"\x03A5\x0308\x0301"},
    {0x587, u"\x0535\x0552", u"\x0535\x0582"},
    {0x1E96, u"\x0048\x0331", u"\x0048\x0331"},
    {0x1E97, u"\x0054\x0308", u"\x0054\x0308"},
    {0x1E98, u"\x0057\x030A", u"\x0057\x030A"},
    {0x1E99, u"\x0059\x030A", u"\x0059\x030A"},
    {0x1E9A, u"\x0041\x02BE", u"\x0041\x02BE"},
    {0x1F50, u"\x03A5\x0313", u"\x03A5\x0313"},
    {0x1F52, u"\x03A5\x0313\x0300", u"\x03A5\x0313\x0300"},
    {0x1F54, u"\x03A5\x0313\x0301", u"\x03A5\x0313\x0301"},
    {0x1F56, u"\x03A5\x0313\x0342", u"\x03A5\x0313\x0342"},
    {0x1F80, u"\x1F08\x0399", u"\x1F88"},
    {0x1F81, u"\x1F09\x0399", u"\x1F89"},
    {0x1F82, u"\x1F0A\x0399", u"\x1F8A"},
    {0x1F83, u"\x1F0B\x0399", u"\x1F8B"},
    {0x1F84, u"\x1F0C\x0399", u"\x1F8C"},
    {0x1F85, u"\x1F0D\x0399", u"\x1F8D"},
    {0x1F86, u"\x1F0E\x0399", u"\x1F8E"},
    {0x1F87, u"\x1F0F\x0399", u"\x1F8F"},
    {0x1F88, u"\x1F08\x0399", u"\x1F88"},
    {0x1F89, u"\x1F09\x0399", u"\x1F89"},
    {0x1F8A, u"\x1F0A\x0399", u"\x1F8A"},
    {0x1F8B, u"\x1F0B\x0399", u"\x1F8B"},
    {0x1F8C, u"\x1F0C\x0399", u"\x1F8C"},
    {0x1F8D, u"\x1F0D\x0399", u"\x1F8D"},
    {0x1F8E, u"\x1F0E\x0399", u"\x1F8E"},
    {0x1F8F, u"\x1F0F\x0399", u"\x1F8F"},
    {0x1F90, u"\x1F28\x0399", u"\x1F98"},
    {0x1F91, u"\x1F29\x0399", u"\x1F99"},
    {0x1F92, u"\x1F2A\x0399", u"\x1F9A"},
    {0x1F93, u"\x1F2B\x0399", u"\x1F9B"},
    {0x1F94, u"\x1F2C\x0399", u"\x1F9C"},
    {0x1F95, u"\x1F2D\x0399", u"\x1F9D"},
    {0x1F96, u"\x1F2E\x0399", u"\x1F9E"},
    {0x1F97, u"\x1F2F\x0399", u"\x1F9F"},
    {0x1F98, u"\x1F28\x0399", u"\x1F98"},
    {0x1F99, u"\x1F29\x0399", u"\x1F99"},
    {0x1F9A, u"\x1F2A\x0399", u"\x1F9A"},
    {0x1F9B, u"\x1F2B\x0399", u"\x1F9B"},
    {0x1F9C, u"\x1F2C\x0399", u"\x1F9C"},
    {0x1F9D, u"\x1F2D\x0399", u"\x1F9D"},
    {0x1F9E, u"\x1F2E\x0399", u"\x1F9E"},
    {0x1F9F, u"\x1F2F\x0399", u"\x1F9F"},
    {0x1FA0, u"\x1F68\x0399", u"\x1FA8"},
    {0x1FA1, u"\x1F69\x0399", u"\x1FA9"},
    {0x1FA2, u"\x1F6A\x0399", u"\x1FAA"},
    {0x1FA3, u"\x1F6B\x0399", u"\x1FAB"},
    {0x1FA4, u"\x1F6C\x0399", u"\x1FAC"},
    {0x1FA5, u"\x1F6D\x0399", u"\x1FAD"},
    {0x1FA6, u"\x1F6E\x0399", u"\x1FAE"},
    {0x1FA7, u"\x1F6F\x0399", u"\x1FAF"},
    {0x1FA8, u"\x1F68\x0399", u"\x1FA8"},
    {0x1FA9, u"\x1F69\x0399", u"\x1FA9"},
    {0x1FAA, u"\x1F6A\x0399", u"\x1FAA"},
    {0x1FAB, u"\x1F6B\x0399", u"\x1FAB"},
    {0x1FAC, u"\x1F6C\x0399", u"\x1FAC"},
    {0x1FAD, u"\x1F6D\x0399", u"\x1FAD"},
    {0x1FAE, u"\x1F6E\x0399", u"\x1FAE"},
    {0x1FAF, u"\x1F6F\x0399", u"\x1FAF"},
    {0x1FB2, u"\x1FBA\x0399", u"\x1FBA\x0345"},
    {0x1FB3, u"\x0391\x0399", u"\x1FBC"},
    {0x1FB4, u"\x0386\x0399", u"\x0386\x0345"},
    {0x1FB6, u"\x0391\x0342", u"\x0391\x0342"},
    {0x1FB7, u"\x0391\x0342\x0399", u"\x0391\x0342\x0345"},
    {0x1FBC, u"\x0391\x0399", u"\x1FBC"},
    {0x1FC2, u"\x1FCA\x0399", u"\x1FCA\x0345"},
    {0x1FC3, u"\x0397\x0399", u"\x1FCC"},
    {0x1FC4, u"\x0389\x0399", u"\x0389\x0345"},
    {0x1FC6, u"\x0397\x0342", u"\x0397\x0342"},
    {0x1FC7, u"\x0397\x0342\x0399", u"\x0397\x0342\x0345"},
    {0x1FCC, u"\x0397\x0399", u"\x1FCC"},
    {0x1FD2, u"\x0399\x0308\x0300", u"\x0399\x0308\x0300"},
    {0x1FD3, u"\x0399\x0308\x0301", u"\x0399\x0308\x0301"},
    {0x1FD6, u"\x0399\x0342", u"\x0399\x0342"},
    {0x1FD7, u"\x0399\x0308\x0342", u"\x0399\x0308\x0342"},
    {0x1FE2, u"\x03A5\x0308\x0300", u"\x03A5\x0308\x0300"},
    {0x1FE3, u"\x03A5\x0308\x0301", u"\x03A5\x0308\x0301"},
    {0x1FE4, u"\x03A1\x0313", u"\x03A1\x0313"},
    {0x1FE6, u"\x03A5\x0342", u"\x03A5\x0342"},
    {0x1FE7, u"\x03A5\x0308\x0342", u"\x03A5\x0308\x0342"},
    {0x1FF2, u"\x1FFA\x0399", u"\x1FFA\x0345"},
    {0x1FF3, u"\x03A9\x0399", u"\x1FFC"},
    {0x1FF4, u"\x038F\x0399", u"\x038F\x0345"},
    {0x1FF6, u"\x03A9\x0342", u"\x03A9\x0342"},
    {0x1FF7, u"\x03A9\x0342\x0399", u"\x03A9\x0342\x0345"},
    {0x1FFC, u"\x03A9\x0399", u"\x1FFC"},
    {0xFB00, u"\x0046\x0046", u"\x0046\x0066"},
    {0xFB01, u"\x0046\x0049", u"\x0046\x0069"},
    {0xFB02, u"\x0046\x004C", u"\x0046\x006C"},
    {0xFB03, u"\x0046\x0046\x0049", u"\x0046\x0066\x0069"},
    {0xFB04, u"\x0046\x0046\x004C", u"\x0046\x0066\x006C"},
    {0xFB05, u"\x0053\x0054", u"\x0053\x0074"},
    {0xFB06, u"\x0053\x0054", u"\x0053\x0074"},
    {0xFB13, u"\x0544\x0546", u"\x0544\x0576"},
    {0xFB14, u"\x0544\x0535", u"\x0544\x0565"},
    {0xFB15, u"\x0544\x053B", u"\x0544\x056B"},
    {0xFB16, u"\x054E\x0546", u"\x054E\x0576"},
    {0xFB17, u"\x0544\x053D", u"\x0544\x056D"},
};

}  // namespace

bool in_ranges(std::span<const Range> ranges, char32_t c) noexcept {
  const auto range =
      std::lower_bound(ranges.begin(), ranges.end(), c, [](const Range& r, char32_t code) { return r.last < code; });
  return range != ranges.end() && range->first <= c;
}

std::span<const Range> decimal_digits() noexcept {
  return kDecimals;
}
std::span<const Range> other_digits() noexcept {
  return kOtherDigits;
}
std::span<const Range> numeric_letters() noexcept {
  return kNumericLetters;
}
std::span<const Range> other_lowercase() noexcept {
  return kOtherLowercase;
}
std::span<const Range> other_uppercase() noexcept {
  return kOtherUppercase;
}
std::span<const Range> identifier_exceptions() noexcept {
  return kIdentifierExceptions;
}

const SpecialCase* find_special_case(char32_t c) noexcept {
  const auto* const row = std::lower_bound(std::begin(kSpecialCases), std::end(kSpecialCases), c,
                                           [](const SpecialCase& r, char32_t code) { return r.code < code; });
  return row != std::end(kSpecialCases) && row->code == c ? row : nullptr;
}

}  // namespace quern::engine::chat::jinja
