#include "net/gzip.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

namespace quern::test {
namespace {

std::string pack(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

TEST(Gzip, GivesWhatWasPacked) {
  for (const std::size_t n : {0u, 1u, 65536u, 65537u, 300000u}) {
    const std::string text(n, 'x');
    EXPECT_EQ(net::gunzip(pack(text), n).value(), text);
    if (n > 0) {
      EXPECT_EQ(net::gunzip(pack(text), n - 1).error().code, Errc::overloaded);
    }
  }
}

TEST(Gzip, WhatIsBrokenIsAnError) {
  const std::string packed = pack("some text that is packed");
  for (std::size_t n = 0; n < packed.size(); ++n) EXPECT_FALSE(net::gunzip(packed.substr(0, n), 1000)) << n;
  std::string wrong = packed;
  wrong[packed.size() - 6] ^= 1;  // of the checksum
  EXPECT_EQ(net::gunzip(wrong, 1000).error().code, Errc::corrupt);
  EXPECT_EQ(net::gunzip(packed + "x", 1000).error().code, Errc::corrupt);
  EXPECT_FALSE(net::gunzip("{}", 1000));
}

}  // namespace
}  // namespace quern::test
