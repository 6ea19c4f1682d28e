// SPDX-License-Identifier: MIT
// Files that are served, and files that are not.
#include <sys/stat.h>

#include "os/roll-httpd/httpd_fixture.h"

namespace rollctl::test {
namespace {

using FilesTest = HttpdTest;

std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>((i * 2654435761U) >> 13);
  return bytes;
}

TEST_F(FilesTest, AFileComesWithItsTypeAndTheRelease) {
  write("a/page.html", "<p>");
  start({"--release", "v2"});
  HttpAnswer answer = get("/a/page.html");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "<p>");
  EXPECT_EQ(answer.header("content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(answer.header("x-release"), "v2");
}

TEST_F(FilesTest, EveryErrorNamesTheReleaseToo) {
  start({"--release", "v2"});
  EXPECT_EQ(get("/none").status, 404);
  EXPECT_EQ(get("/none").header("x-release"), "v2");
  Client client = connect();
  client.send("GARBAGE\r\n\r\n");
  auto answer = client.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 400);
  EXPECT_EQ(answer->header("x-release"), "v2");
}

TEST_F(FilesTest, ALargeFileArrivesIntact) {
  std::string content = pattern(5'000'000);
  write("large.bin", content);
  start();
  EXPECT_TRUE(get("/large.bin").body == content);
  EXPECT_TRUE(get("/large.bin", "Range: bytes=1000000-2999999\r\n").body ==
              content.substr(1'000'000, 2'000'000));
}

TEST_F(FilesTest, ADirectoryIsItsIndexFile) {
  write("index.html", "top");
  write("docs/index.html", "docs");
  write("other/readme.txt", "readme");
  std::filesystem::create_directory(root_ / "empty");
  start({"--index", "index.html", "--index", "readme.txt"});
  EXPECT_EQ(get("/").body, "top");
  EXPECT_EQ(get("/docs/").body, "docs");
  EXPECT_EQ(get("/other/").body, "readme");
  EXPECT_EQ(get("/empty/").status, 403);
  EXPECT_EQ(get("/none/").status, 404);
  HttpAnswer redirect = get("/docs?x=1");
  EXPECT_EQ(redirect.status, 301);
  EXPECT_EQ(redirect.header("location"), "/docs/?x=1");
}

TEST_F(FilesTest, ARedirectNeverLeadsToAnotherHost) {
  std::filesystem::create_directories(root_ / "evil.example");
  start();
  EXPECT_EQ(get("//evil.example").header("location"), "/evil.example/");
}

TEST_F(FilesTest, NothingOutsideTheRootIsReached) {
  write("../secret.txt", "secret");
  write("a/file.txt", "file");
  start();
  for (const char* target :
       {"/../secret.txt", "/a/../../secret.txt", "/%2e%2e/secret.txt", "/.%2e/secret.txt", "/..%2fsecret.txt",
        "/a/..%2f..%2fsecret.txt", "/%2e%2e%2fsecret.txt", "/a/file.txt%00", "/%00", "/a%2ffile.txt"}) {
    HttpAnswer answer = get(target);
    EXPECT_EQ(answer.status, 400) << target;
    EXPECT_EQ(answer.body.find("secret"), std::string::npos) << target;
  }
}

TEST_F(FilesTest, ASymbolicLinkMayNotLeadOutOfTheRoot) {
  write("../secret.txt", "secret");
  write("inside.txt", "inside");
  std::filesystem::create_symlink("../secret.txt", root_ / "relative");
  std::filesystem::create_symlink(root_.parent_path() / "secret.txt", root_ / "absolute");
  std::filesystem::create_symlink("..", root_ / "up");
  std::filesystem::create_symlink("/proc/self", root_ / "self");
  std::filesystem::create_symlink("inside.txt", root_ / "link");
  std::filesystem::create_symlink("loop", root_ / "loop");
  start();
  EXPECT_EQ(get("/relative").status, 403);
  EXPECT_EQ(get("/absolute").status, 403);
  EXPECT_EQ(get("/up/secret.txt").status, 403);
  EXPECT_EQ(get("/up/").status, 403);
  EXPECT_EQ(get("/self/environ").status, 403);
  EXPECT_EQ(get("/link").body, "inside");
  EXPECT_EQ(get("/loop").status, 404);
}

TEST_F(FilesTest, OnlyRegularFilesAreServed) {
  ASSERT_EQ(mkfifo((root_ / "fifo").c_str(), 0600), 0);
  write("file.txt", "file");
  start();
  EXPECT_EQ(get("/fifo").status, 403);
  EXPECT_EQ(get("/file.txt/").status, 404);
  EXPECT_EQ(get("/" + std::string(300, 'x')).status, 404);
}

TEST_F(FilesTest, ARangeIsAnsweredWithThatPart) {
  write("digits", "0123456789");
  start();
  HttpAnswer part = get("/digits", "Range: bytes=2-5\r\n");
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "2345");
  EXPECT_EQ(part.header("content-range"), "bytes 2-5/10");
  HttpAnswer none = get("/digits", "Range: bytes=10-\r\n");
  EXPECT_EQ(none.status, 416);
  EXPECT_EQ(none.header("content-range"), "bytes */10");
  EXPECT_EQ(get("/digits", "Range: bytes=1-2,4-5\r\n").status, 200);
  EXPECT_EQ(get("/digits", "Range: bytes=1-2\r\nIf-Range: \"x\"\r\n").body, "0123456789");
}

TEST_F(FilesTest, HeadIsGetWithoutTheBody) {
  write("digits", "0123456789");
  write("empty", "");
  start();
  Client client = connect();
  ASSERT_TRUE(client.send("HEAD /digits HTTP/1.1\r\nHost: test\r\nRange: bytes=1-2\r\n\r\n"));
  auto head = client.read_answer(Client::Body::None);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->header("content-length"), "10");
  ASSERT_TRUE(client.send("HEAD /none HTTP/1.1\r\nHost: test\r\n\r\n" + get_request("/empty")));
  EXPECT_EQ(client.read_answer(Client::Body::None).value().status, 404);
  auto empty = client.read_answer();
  ASSERT_TRUE(empty);
  EXPECT_EQ(empty->status, 200);
  EXPECT_EQ(empty->header("content-length"), "0");
}

}  // namespace
}  // namespace rollctl::test
