#include "services/venue-sim/auth.h"

#include <algorithm>

#include "libs/base/digest.h"

namespace gannet::venue_sim {
namespace {

constexpr int64_t kDefaultWindowMs = 5000, kLongestWindowMs = 60'000, kAheadMs = 1000;
constexpr int64_t kLeastMicroseconds =
    1'000'000'000'000'000;  // a timestamp from here on is in microseconds

// Takes the same time wherever the difference is.
bool SameText(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned char>(a[i] ^ b[i]);
  return difference == 0;
}

}  // namespace

Answer<const ApiKey*> Authenticator::CheckKey(std::string_view key) const {
  if (key.size() < 16 || key.size() > 128) return ApiError{-2014, "API-key format invalid.", 401};
  for (const ApiKey& known : keys_) {
    if (SameText(known.key, key)) return &known;
  }
  return ApiError{-2015, "Invalid API-key, IP, or permissions for action.", 401};
}

std::optional<ApiError> Authenticator::CheckSignature(const ApiKey& key, std::string_view payload,
                                                      const Params& params, base::Time now) const {
  ParamReader reader(params);
  const std::string_view signature = reader.Text("signature");
  if (!params.Has("timestamp")) reader.RefuseMissing("timestamp");
  int64_t timestamp = reader.IntegerOr("timestamp", 0);
  if (timestamp >= kLeastMicroseconds) timestamp /= 1000;
  // The window may carry up to three decimals.
  const int64_t window = reader.DecimalOr("recvWindow", kDefaultWindowMs * kOne) / kOne;
  if (!reader.ok()) return reader.error();
  if (window > kLongestWindowMs) return ApiError{-1131, "recvWindow must be less than 60000."};
  std::string lower(signature);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
  if (!SameText(base::Hex(base::HmacSha256(key.secret, payload)), lower)) {
    return ApiError{-1022, "Signature for this request is not valid."};
  }
  const int64_t server = base::UnixMillis(now);
  if (timestamp >= server + kAheadMs) {
    return ApiError{-1021, "Timestamp for this request was 1000ms ahead of the server's time."};
  }
  if (server - timestamp > window)
    return ApiError{-1021, "Timestamp for this request is outside of the recvWindow."};
  return std::nullopt;
}

std::string SortedPayload(const Params& params) {
  std::vector<std::pair<std::string, std::string>> sorted = params.all();
  std::sort(sorted.begin(), sorted.end());
  std::string payload;
  for (const auto& [name, value] : sorted) {
    if (name == "signature") continue;
    if (!payload.empty()) payload += '&';
    payload += name + "=" + value;
  }
  return payload;
}

}  // namespace gannet::venue_sim
