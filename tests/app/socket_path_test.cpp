#include "app/socket_path.hpp"

#include "tests/support/temp_dir.hpp"

#include <cstdlib>

#include <gtest/gtest.h>

namespace quern::app {
namespace {

class SocketPath : public testing::Test {
 protected:
  void SetUp() override { ::setenv("XDG_RUNTIME_DIR", dir_.path().c_str(), 1); }
  void TearDown() override { ::unsetenv("XDG_RUNTIME_DIR"); }
  test::TempDir dir_;
};

TEST_F(SocketPath, AutomaticPathIsInTheRuntimeDirectory) {
  EXPECT_EQ(socket_to_create("auto").value(), dir_.path("quern.sock"));
}

TEST_F(SocketPath, NoneMeansNoSocket) {
  EXPECT_EQ(socket_to_create("none").value(), "");
  EXPECT_FALSE(socket_to_connect("none"));
}

TEST_F(SocketPath, ClientsSayWhereTheyLooked) {
  const auto path = socket_to_connect("auto");
  if (path) GTEST_SKIP() << "a server of this machine listens at " << *path;
  EXPECT_EQ(path.error().code, Errc::not_found);
  EXPECT_NE(path.error().detail.find(dir_.path("quern.sock")), std::string::npos);
  EXPECT_NE(path.error().detail.find("/run/quern/quern.sock"), std::string::npos);
}

TEST_F(SocketPath, APlainFileIsNoSocket) {
  dir_.write("quern.sock", "");
  const auto path = socket_to_connect("auto");
  EXPECT_TRUE(!path || *path != dir_.path("quern.sock"));
}

TEST_F(SocketPath, PathsThatDoNotFitAnAddressAreRefused) {
  EXPECT_EQ(socket_to_create(std::string(107, 'x')).value().size(), 107u);
  EXPECT_FALSE(socket_to_create(std::string(108, 'x')));
  EXPECT_FALSE(socket_to_connect(std::string(108, 'x')));
}

}  // namespace
}  // namespace quern::app
