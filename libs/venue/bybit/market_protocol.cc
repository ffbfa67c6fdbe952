// The port of market data over Bybit's codec.
#include "libs/base/concat.h"
#include "libs/venue/bybit/market_codec.h"

namespace gannet::venue::bybit {
namespace {

// Ten topics a request is spot's limit; the length of all topics of a connection is limited
// to 21,000 characters.
constexpr MarketProtocol::Limits kLimits{.streams_per_connection = 200, .streams_per_request = 10};

class Protocol : public MarketProtocol {
 public:
  explicit Protocol(Category category) : category_(category) {}

  absl::StatusOr<MarketFrame> DecodeFrame(std::string_view bytes) override {
    return decoder_.DecodeFrame(bytes);
  }
  absl::StatusOr<DepthSnapshot> DecodeDepthSnapshot(std::string_view) override {
    return absl::UnimplementedError("snapshots of Bybit come on its stream");
  }
  absl::StatusOr<ExchangeInfo> DecodeExchangeInfo(std::string_view bytes,
                                                  std::string_view venue) override {
    return decoder_.DecodeInstrumentsInfo(bytes, category_, venue);
  }
  Request KindOf(std::string_view path) const override {
    return path.substr(0, path.find('?')).ends_with("/market/instruments-info")
               ? Request::kDefinitions
               : Request::kOther;
  }

  bool chains_diffs() const override { return false; }
  bool streams_snapshots() const override { return true; }
  bool is_inverse() const override { return false; }
  bool is_spot() const override { return category_ == Category::kSpot; }

  std::string DefinitionsPath(std::span<const std::string>, std::string_view page) const override {
    return InstrumentsInfoPath(category_, page);
  }
  std::string DepthPath(std::string_view, int) const override { return {}; }
  uint64_t DepthWeight(int) const override { return 1; }
  base::Duration HoldAfter(int http_status) const override {
    // "403, access too frequent": end all sessions and wait at least ten minutes.
    if (http_status == 403) return std::chrono::minutes(10);
    return std::chrono::seconds(http_status == 429 ? 60 : 0);
  }

  std::string StreamPath() const override {
    return base::Concat({"/v5/public/", CategoryText(category_)});
  }
  Limits limits() const override { return kLimits; }
  std::vector<std::string> StreamNames(std::string_view symbol,
                                       const StreamSelection& selection) const override {
    return TopicNames(symbol, selection);
  }
  std::string EncodeSubscribe(std::span<const std::string> streams, uint64_t id) const override {
    return bybit::EncodeSubscribe(streams, id);
  }
  std::string EncodeUnsubscribe(std::span<const std::string> streams, uint64_t id) const override {
    return bybit::EncodeUnsubscribe(streams, id);
  }
  base::Duration ping_every() const override { return std::chrono::seconds(20); }
  std::string EncodePing() const override { return R"({"op":"ping"})"; }

 private:
  const Category category_;
  MarketDecoder decoder_;
};

}  // namespace

std::unique_ptr<MarketProtocol> MakeMarketProtocol(Category category) {
  return std::make_unique<Protocol>(category);
}

}  // namespace gannet::venue::bybit
