#include "engine/grammar/schema/formats.hpp"

#include <algorithm>
#include <iterator>

namespace quern::engine::grammar {
namespace {

struct Format {
  std::string_view name, pattern;
};

// Days that exist: the 29th of February in leap years only.
#define QUERN_LEAP_YEAR "([0-9][0-9](0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)"
#define QUERN_DATE                                                                                                    \
  "([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))" \
  "|" QUERN_LEAP_YEAR "-02-29)"
#define QUERN_TIME "(([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]+)?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))"
#define QUERN_LABEL "[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
#define QUERN_BYTE "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
#define QUERN_IPV4 QUERN_BYTE "(\\." QUERN_BYTE "){3}"
#define QUERN_H16 "[0-9a-fA-F]{1,4}"
#define QUERN_LS32 "(" QUERN_H16 ":" QUERN_H16 "|" QUERN_IPV4 ")"
#define QUERN_IPV6                                                                                              \
  "((" QUERN_H16 ":){6}" QUERN_LS32 "|::(" QUERN_H16 ":){5}" QUERN_LS32 "|(" QUERN_H16 ")?::(" QUERN_H16        \
  ":){4}" QUERN_LS32 "|((" QUERN_H16 ":){0,1}" QUERN_H16 ")?::(" QUERN_H16 ":){3}" QUERN_LS32 "|((" QUERN_H16   \
  ":){0,2}" QUERN_H16 ")?::(" QUERN_H16 ":){2}" QUERN_LS32 "|((" QUERN_H16 ":){0,3}" QUERN_H16 ")?::" QUERN_H16 \
  ":" QUERN_LS32 "|((" QUERN_H16 ":){0,4}" QUERN_H16 ")?::" QUERN_LS32 "|((" QUERN_H16 ":){0,5}" QUERN_H16      \
  ")?::" QUERN_H16 "|((" QUERN_H16 ":){0,6}" QUERN_H16 ")?::)"
#define QUERN_PCHAR "([a-zA-Z0-9._~!$&'()*+,;=:@-]|%[0-9a-fA-F]{2})"
#define QUERN_QUERY "(\\?(" QUERN_PCHAR "|[/?])*)?(#(" QUERN_PCHAR "|[/?])*)?"
#define QUERN_AUTHORITY                                               \
  "(([a-zA-Z0-9._~!$&'()*+,;=:-]|%[0-9a-fA-F]{2})*@)?(\\[" QUERN_IPV6 \
  "\\]|([a-zA-Z0-9._~!$&'()*+,;=-]|%[0-9a-fA-F]{2})*)(:[0-9]*)?"
#define QUERN_HIERARCHY "(//" QUERN_AUTHORITY "(/" QUERN_PCHAR "*)*|/(" QUERN_PCHAR "+(/" QUERN_PCHAR "*)*)?|"
#define QUERN_URI "[a-zA-Z][a-zA-Z0-9+.-]*:" QUERN_HIERARCHY QUERN_PCHAR "+(/" QUERN_PCHAR "*)*)" QUERN_QUERY
#define QUERN_ATOM "[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]+"

constexpr Format kFormats[] = {
    {"date", QUERN_DATE},
    {"time", QUERN_TIME},
    {"date-time", QUERN_DATE "[Tt]" QUERN_TIME},
    // RFC 3339, appendix A: units in order, none left out between two.
    {"duration",
     "P([0-9]+W|([0-9]+Y([0-9]+M([0-9]+D)?)?|[0-9]+M([0-9]+D)?|[0-9]+D)(T([0-9]+H([0-9]+M([0-9]+S)?)?|[0-9]+M([0-9]+S)?"
     "|"
     "[0-9]+S))?|T([0-9]+H([0-9]+M([0-9]+S)?)?|[0-9]+M([0-9]+S)?|[0-9]+S))"},
    {"email", QUERN_ATOM "(\\." QUERN_ATOM ")*@" QUERN_LABEL "(\\." QUERN_LABEL ")+"},
    {"idn-email", "[^@\\s\"\\\\<>()\\[\\],;:]+@[^@\\s\"\\\\<>()\\[\\],;:.]+(\\.[^@\\s\"\\\\<>()\\[\\],;:.]+)+"},
    {"hostname", QUERN_LABEL "(\\." QUERN_LABEL ")*"},
    {"idn-hostname", "[^@\\s\"\\\\<>()\\[\\],;:/.]+(\\.[^@\\s\"\\\\<>()\\[\\],;:/.]+)*"},
    {"ipv4", QUERN_IPV4},
    {"ipv6", QUERN_IPV6},
    {"uri", QUERN_URI},
    {"iri", "[a-zA-Z][a-zA-Z0-9+.-]*:[^\\s\"<>\\\\^`{|}]+"},
    {"uri-reference", "(" QUERN_URI "|" QUERN_HIERARCHY "([a-zA-Z0-9._~!$&'()*+,;=@-]|%[0-9a-fA-F]{2})+(/" QUERN_PCHAR
                      "*)*)?" QUERN_QUERY ")"},
    {"iri-reference", "[^\\s\"<>\\\\^`{|}]*"},
    {"url", "(https?|ftp)://" QUERN_LABEL "(\\." QUERN_LABEL ")*(:[0-9]{1,5})?(/" QUERN_PCHAR "*)*" QUERN_QUERY},
    {"uuid", "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"},
    {"json-pointer", "(/([^/~]|~[01])*)*"},
    {"relative-json-pointer", "(0|[1-9][0-9]*)(#|(/([^/~]|~[01])*)*)"},
    // Names that OpenAPI documents and the schema libraries of clients write.
    {"byte", "([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"},
    {"base64", "([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"},
    {"base64url", "[A-Za-z0-9_-]*"},
    {"cuid", "[cC][0-9a-z]{8,}"},
    {"cuid2", "[0-9a-z]+"},
    {"ulid", "[0-7][0-9A-HJKMNP-TV-Z]{25}"},
    {"nanoid", "[A-Za-z0-9_-]{21}"},
    {"e164", "\\+[1-9][0-9]{6,14}"},
    {"password", ""},
    {"binary", ""},
    {"text", ""},
    {"string", ""},
    {"markdown", ""},
    {"html", ""},
};

}  // namespace

std::string_view format_pattern(std::string_view format) noexcept {
  const auto found =
      std::find_if(std::begin(kFormats), std::end(kFormats), [&](const Format& one) { return one.name == format; });
  return found == std::end(kFormats) ? std::string_view() : found->pattern;
}

bool is_number_format(std::string_view format) noexcept {
  constexpr std::string_view kNames[] = {"int8",   "int16", "int32",  "int64",  "uint8",   "uint16", "uint32",
                                         "uint64", "float", "double", "number", "integer", "decimal"};
  return std::find(std::begin(kNames), std::end(kNames), format) != std::end(kNames);
}

}  // namespace quern::engine::grammar
