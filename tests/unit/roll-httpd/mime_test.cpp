// SPDX-License-Identifier: MIT
#include "roll-httpd/mime.h"

#include <gtest/gtest.h>

namespace roll {
namespace {

TEST(MimeType, IsThatOfTheLastExtensionInAnyCase) {
  EXPECT_EQ(mime_type("index.html"), "text/html; charset=utf-8");
  EXPECT_EQ(mime_type("a/b.c/PHOTO.JPG"), "image/jpeg");
  EXPECT_EQ(mime_type("app.min.js"), "text/javascript; charset=utf-8");
  EXPECT_EQ(mime_type("release.tar.gz"), "application/gzip");
  EXPECT_EQ(mime_type("font.woff2"), "font/woff2");
}

TEST(MimeType, OfAnythingElseIsBytes) {
  for (const char* name :
       {"", "README", "a.html/README", "data.unknown", ".html", "a/.html", "trailing.", "html"}) {
    EXPECT_EQ(mime_type(name), "application/octet-stream") << name;
  }
}

}  // namespace
}  // namespace roll
