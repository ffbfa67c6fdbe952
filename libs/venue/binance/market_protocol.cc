// The port of market data over Binance's codec.
#include "libs/base/time.h"
#include "libs/venue/binance/market_codec.h"

namespace gannet::venue::binance {
namespace {

// The lowest limit of the three products.
constexpr MarketProtocol::Limits kLimits{.streams_per_connection = 200, .streams_per_request = 100};

// Of the path without its query.
bool EndsWith(std::string_view path, std::string_view endpoint) {
  return path.substr(0, path.find('?')).ends_with(endpoint);
}

class Protocol : public MarketProtocol {
 public:
  explicit Protocol(Product product) : product_(product) {}

  absl::StatusOr<MarketFrame> DecodeFrame(std::string_view bytes) override {
    return decoder_.DecodeFrame(bytes);
  }
  absl::StatusOr<DepthSnapshot> DecodeDepthSnapshot(std::string_view bytes) override {
    return decoder_.DecodeDepthSnapshot(bytes);
  }
  absl::StatusOr<ExchangeInfo> DecodeExchangeInfo(std::string_view bytes,
                                                  std::string_view venue) override {
    return decoder_.DecodeExchangeInfo(bytes, product_, venue);
  }
  Request KindOf(std::string_view path) const override {
    if (EndsWith(path, "/depth")) return Request::kDepth;
    return EndsWith(path, "/exchangeInfo") ? Request::kDefinitions : Request::kOther;
  }

  bool chains_diffs() const override { return product_ != Product::kSpot; }
  bool streams_snapshots() const override { return false; }
  bool is_inverse() const override { return product_ == Product::kCoinm; }
  bool is_spot() const override { return product_ == Product::kSpot; }

  std::string DefinitionsPath(std::span<const std::string> symbols,
                              std::string_view) const override {
    return ExchangeInfoPath(product_, symbols);
  }
  std::string DepthPath(std::string_view symbol, int limit) const override {
    return binance::DepthPath(product_, symbol, limit);
  }
  uint64_t DepthWeight(int limit) const override {
    return static_cast<uint64_t>(binance::DepthWeight(product_, limit));
  }
  base::Duration HoldAfter(int http_status) const override {
    return std::chrono::seconds(http_status == 429 || http_status == 418 ? 60 : 0);
  }

  std::string StreamPath() const override { return "/stream"; }
  Limits limits() const override { return kLimits; }
  std::vector<std::string> StreamNames(std::string_view symbol,
                                       const StreamSelection& selection) const override {
    StreamSelection named = selection;
    // The venue's own pace has no suffix in the stream's name.
    if (named.depth_speed == (is_spot() ? "1s" : "250ms")) named.depth_speed.clear();
    return binance::StreamNames(symbol, named);
  }
  std::string EncodeSubscribe(std::span<const std::string> streams, uint64_t id) const override {
    return binance::EncodeSubscribe(streams, id);
  }
  std::string EncodeUnsubscribe(std::span<const std::string> streams, uint64_t id) const override {
    return binance::EncodeUnsubscribe(streams, id);
  }
  // Its servers ping by frames of the WebSocket itself.
  base::Duration ping_every() const override { return {}; }
  std::string EncodePing() const override { return {}; }

 private:
  const Product product_;
  MarketDecoder decoder_;
};

}  // namespace

std::unique_ptr<MarketProtocol> MakeMarketProtocol(Product product) {
  return std::make_unique<Protocol>(product);
}

}  // namespace gannet::venue::binance
