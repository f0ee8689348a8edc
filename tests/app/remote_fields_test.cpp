#include "app/options/remote_fields.hpp"

#include <gtest/gtest.h>

namespace quern::app {
namespace {

using namespace std::chrono_literals;

TEST(RemoteOption, ReadsAnEntry) {
  Options options;
  ASSERT_TRUE(
      parse_remote("a=https://b.example/v1,kind=ollama,model=m:8b,key-env=THE_KEY,order=first,silence=5s,"
                   "head=2m,max-running=8,max-tokens=9,context=100,width=3,work=embed",
                   options));
  ASSERT_TRUE(parse_remote("c=http://127.0.0.1:8000/v1", options));
  ASSERT_EQ(options.remotes.size(), 2u);
  const RemoteModel& first = options.remotes[0];
  EXPECT_EQ(first.name, "a");
  EXPECT_TRUE(first.first);
  EXPECT_EQ(first.upstream.url.text(), "https://b.example/v1");
  EXPECT_EQ(first.upstream.kind, models::UpstreamKind::ollama);
  EXPECT_EQ(first.upstream.model, "m:8b");
  EXPECT_EQ(first.upstream.key_env, "THE_KEY");
  EXPECT_EQ(first.upstream.key, "") << "the environment is read at the start, not here";
  EXPECT_EQ(first.upstream.silence, 5s);
  EXPECT_EQ(first.upstream.head, 2min);
  EXPECT_EQ(first.upstream.max_running, 8u);
  EXPECT_EQ(first.upstream.width, 3u);
  EXPECT_TRUE(first.upstream.embeds);
  EXPECT_EQ(options.remotes[1].upstream.model, "c") << "its own name, where none is given";
  reset_remotes(options);
  EXPECT_TRUE(options.remotes.empty());
  EXPECT_TRUE(parse_remote("none", options));
  EXPECT_TRUE(options.remotes.empty());
}

TEST(RemoteOption, RefusesWhatIsUnsafeOrUnknown) {
  for (const char* const bad :
       {"", "a", "=http://127.0.0.1", "a=", "a=127.0.0.1", "a=http://b.example/v1", "a=http://10.0.0.1/v1",
        "a=https://u:secret@b", "a=https://b,kind=telnet", "a=https://b,kind=", "a=https://b,key=secret",
        "a=https://b,x", "a=https://b,key-env=not a name", "a=https://b,order=middle", "a=https://b,work=play",
        "a=https://b,context=0", "a=https://b,silence=5", "a=https://b,kind=anthropic,work=embed", "a=https://b,"}) {
    Options options;
    const Status status = parse_remote(bad, options);
    ASSERT_FALSE(status) << bad;
    EXPECT_EQ(status.error().detail.find("secret"), std::string::npos) << status.error().detail;
    EXPECT_TRUE(options.remotes.empty());
  }
}

TEST(RemoteOption, AUnixSocketNeedsNoTls) {
  Options options;
  EXPECT_TRUE(parse_remote("a=http://quern/v1,unix=/run/quern/quern.sock", options));
}

}  // namespace
}  // namespace quern::app
