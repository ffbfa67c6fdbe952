// Answers gRPC's server reflection: which services there are, and the files that
// describe them. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gannet::rpc {

class Reflection {
 public:
  explicit Reflection(std::vector<std::string> services) : services_(std::move(services)) {}

  // Both names under which clients ask: v1 and v1alpha have the same messages.
  static bool Serves(std::string_view method);
  // To one ServerReflectionRequest, as bytes.
  std::string Answer(std::string_view request) const;

 private:
  const std::vector<std::string> services_;
};

}  // namespace gannet::rpc
