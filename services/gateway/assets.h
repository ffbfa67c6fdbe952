// The page as it was built into this program (web/); empty when it was built
// without Node.js.
#pragma once

#include <span>
#include <string_view>

namespace gannet::gateway {

struct Asset {
  std::string_view path;  // "/", "/assets/app-1A2B3C4D.js"
  std::string_view type;
  std::string_view etag;  // quoted
  bool immutable;         // its name changes with its content
  std::string_view gzip;  // content, compressed
};

std::span<const Asset> Assets();

}  // namespace gannet::gateway
