#include "server/tls/tls_identity.hpp"

#include "tests/server/tls/tls_fixture.hpp"
#include "tests/support/temp_dir.hpp"

#include <fstream>

#include <gtest/gtest.h>

namespace quern::server {
namespace {

class Identity : public testing::Test {
 protected:
  test::TempDir dir;
  const std::string certificate = dir.path("cert.pem"), key = dir.path("key.pem");
};

TEST_F(Identity, LoadsACertificateAndItsKey) {
  test::write_identity(certificate, key, 1);
  const auto identity = TlsIdentity::load(certificate, key);
  ASSERT_TRUE(identity) << identity.error().detail;
  EXPECT_NE((*identity)->current(), nullptr);
}

TEST_F(Identity, NamesTheFileThatIsWrong) {
  const auto expect = [this](const char* field, const std::string& path) {
    const auto identity = TlsIdentity::load(certificate, key);
    ASSERT_FALSE(identity);
    EXPECT_EQ(identity.error().field, field) << identity.error().detail;
    EXPECT_NE(identity.error().detail.find(path), std::string::npos) << identity.error().detail;
  };
  expect("tls-cert", certificate);
  dir.write("cert.pem", "no certificate");
  expect("tls-cert", certificate);
  test::write_identity(certificate, key, 1);
  dir.write("key.pem", "");
  expect("tls-key", key);
  const test::PrivateKey other = test::make_private_key();
  test::write_private_key(key, other);
  expect("tls-key", key);
  test::write_private_key(key, other, "secret");
  expect("tls-key", key);
  ::unlink(key.c_str());
  expect("tls-key", key);
}

TEST_F(Identity, WhatCannotBeReadAgainStaysAsItWas) {
  test::write_identity(certificate, key, 1);
  const auto identity = TlsIdentity::load(certificate, key).value();
  const auto first = identity->current();
  dir.write("cert.pem", "half a cert");
  EXPECT_FALSE(identity->reload());
  EXPECT_EQ(identity->current(), first);
  test::write_identity(certificate, key, 2);
  EXPECT_TRUE(identity->reload());
  EXPECT_NE(identity->current(), first);
}

}  // namespace
}  // namespace quern::server
