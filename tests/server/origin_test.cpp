#include "server/origin.hpp"

#include <gtest/gtest.h>

namespace quern::server {
namespace {

TEST(ParseOrigin, OneTextForOneOrigin) {
  const std::pair<const char*, const char*> kGood[] = {
      {"http://localhost:3000", "http://localhost:3000"},
      {"HTTPS://Chat.Example", "https://chat.example"},
      {"https://chat.example.:443", "https://chat.example"},
      {"http://chat.example:80", "http://chat.example"},
      {"http://chat.example:443", "http://chat.example:443"},
      {"http://[0::1]:5173", "http://[::1]:5173"},
      {"http://10.0.0.2:8080", "http://10.0.0.2:8080"},
      {"app://obsidian.md", "app://obsidian.md"},
      {"vscode-webview://1a2b-3c", "vscode-webview://1a2b-3c"},
      {"file://", "file://"},
      {"tauri://localhost", "tauri://localhost"},
  };
  for (const auto& [text, expected] : kGood) {
    const std::optional<Origin> origin = parse_origin(text);
    ASSERT_TRUE(origin) << text;
    EXPECT_EQ(origin->text(), expected);
  }
}

TEST(ParseOrigin, NothingElse) {
  for (const char* text : {"",
                           "null",
                           "localhost",
                           "http",
                           "http:",
                           "http:/localhost",
                           "http://",
                           "https://",
                           "://localhost",
                           "http://localhost/",
                           "http://localhost/x",
                           "http://localhost:",
                           "http://localhost?x",
                           "http://localhost#x",
                           "http://user@localhost",
                           "http://localhost@evil.example",
                           "http://[::1]evil.example",
                           "http://[::1",
                           "http://::1",
                           "http://localhost:99999",
                           "http://localhost http://evil.example",
                           "http://localhost,http://evil.example",
                           " http://localhost",
                           "http://localhost ",
                           "1http://localhost",
                           "ht tp://localhost",
                           "http://local\thost"}) {
    EXPECT_FALSE(parse_origin(text)) << text;
  }
}

TEST(IsLocalApp, SchemesThatNoPageFromTheNetHas) {
  for (const char* text :
       {"app://obsidian.md", "file://", "tauri://localhost", "vscode-file://vscode-app", "vscode-webview://0a1b2c"}) {
    EXPECT_TRUE(is_local_app(*parse_origin(text))) << text;
  }
  for (const char* text : {"http://app", "https://tauri.example", "chrome-extension://abc", "moz-extension://abc",
                           "apps://x", "ftp://x"}) {
    EXPECT_FALSE(is_local_app(*parse_origin(text))) << text;
  }
}

}  // namespace
}  // namespace quern::server
