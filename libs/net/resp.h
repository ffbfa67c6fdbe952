// The bytes of Redis's protocol, version 2 (redis.io/docs/reference/protocol-spec). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/net/redis.h"

namespace gannet::net {

// A command as an array of bulk strings: any bytes may be in its words.
std::string EncodeRespCommand(const std::vector<std::string>& words);

// Cuts what comes in into answers.
class RespReader {
 public:
  // Of one answer; beyond it the peer is not a Redis that anybody here has asked for.
  static constexpr size_t kMaxBytes = 1u << 20, kMaxItems = 4'096, kMaxDepth = 4;

  void Feed(std::string_view bytes) { buffer_ += bytes; }
  // Empty: more bytes have to come. DATA_LOSS: this is not the protocol, or above a limit;
  // nothing after it means anything.
  std::optional<absl::StatusOr<RedisReply>> Next();

 private:
  std::string buffer_;
};

}  // namespace gannet::net
