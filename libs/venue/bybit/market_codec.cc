#include "libs/venue/bybit/market_codec.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "libs/base/concat.h"
#include "libs/base/status.h"
#include "libs/venue/bybit/instruments_info.h"
#include "libs/venue/json_parser.h"

namespace gannet::venue::bybit {
namespace {

using base::Concat;
using simdjson::dom::array;
using simdjson::dom::object;

constexpr size_t kMaxTrades = 20'000;  // in one message; the venue says 1024

bool AllDigits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// "orderbook.50.BTCUSDT"; "orderbook.rpi.…" and "orderbook.full.…" are of other orders and
// begin otherwise.
bool IsBookTopic(std::string_view topic) {
  constexpr std::string_view kPrefix = "orderbook.";
  if (!topic.starts_with(kPrefix)) return false;
  topic.remove_prefix(kPrefix.size());
  return AllDigits(topic.substr(0, topic.find('.')));
}

// A number as it is, or the first sixteen digits of a UUID.
uint64_t TradeId(std::string_view text, FieldErrors& errors) {
  constexpr size_t kHexDigits = 16, kMostDigits = 20;
  uint64_t id = 0;
  if (AllDigits(text) && text.size() <= kMostDigits) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error != std::errc()) errors.Add("i", "is longer than 64 bits");
    return id;
  }
  size_t digits = 0;
  for (size_t i = 0; i < text.size() && digits < kHexDigits; ++i) {
    if (text[i] == '-') continue;
    uint8_t digit = 0;
    const auto [end, error] = std::from_chars(&text[i], &text[i] + 1, digit, 16);
    if (error != std::errc()) break;
    id = id << 4 | digit;
    ++digits;
  }
  if (digits < kHexDigits) errors.Add("i", "is neither a number nor a UUID");
  return id;
}

std::string_view Symbol(std::string_view symbol, FieldErrors& errors) {
  if (errors.ok() && !IsSymbol(symbol)) errors.Add("s", "is not a symbol");
  return symbol;
}

TradeReport ReadTrade(const object& row, base::Time event_time, FieldErrors& errors) {
  static constexpr std::array<std::string_view, 7> kNames = {"T", "s", "S", "v", "p", "i", "BT"};
  enum { kTime, kSymbol, kSide, kSize, kPrice, kId, kBlock };
  NamedFields fields(row, kNames, errors);
  TradeReport trade;
  trade.numbered = false;
  trade.trade_time = fields.Millis(kTime);
  trade.event_time = event_time;
  trade.symbol = Symbol(fields.Text(kSymbol), errors);
  const std::string_view taker = fields.Text(kSide);
  if (errors.ok() && taker != "Buy" && taker != "Sell") errors.Add("S", "is neither Buy nor Sell");
  trade.buyer_is_maker = taker == "Sell";
  trade.quantity = fields.Text(kSize);
  trade.price = fields.Text(kPrice);
  const std::string_view id = fields.Text(kId);
  if (errors.ok()) trade.id = trade.first_trade = trade.last_trade = TradeId(id, errors);
  if (fields.has(kBlock) && AsBool(*fields.at(kBlock), "BT", errors))
    trade.execution_type = "BLOCK";
  return trade;
}

// {"success":true,"ret_msg":"","op":"subscribe","req_id":"1","conn_id":"…"}
absl::StatusOr<MarketFrame> ReadAnswer(const object& root) {
  static constexpr std::array<std::string_view, 4> kNames = {"success", "ret_msg", "op", "req_id"};
  enum { kSuccess, kMessage, kOperation, kId };
  FieldErrors errors;
  NamedFields fields(root, kNames, errors);
  const std::string_view operation = fields.Text(kOperation);
  RequestResult answer;
  if (errors.ok() && operation != "subscribe" && operation != "unsubscribe") {
    return MarketFrame(OtherFrame{operation, {}});  // ping, pong
  }
  if (!fields.has(kSuccess)) {
    errors.Add("success", "is missing");
  } else {
    answer.ok = AsBool(*fields.at(kSuccess), "success", errors);
  }
  if (!answer.ok && fields.has(kMessage)) answer.message = fields.Text(kMessage);
  if (fields.has(kId)) {
    const std::string_view id = fields.Text(kId);
    std::from_chars(id.data(), id.data() + id.size(), answer.id);  // ours are numbers
  }
  if (!errors.ok()) return base::Annotate(errors.status(), "answer");
  return MarketFrame(answer);
}

}  // namespace

class MarketDecoder::Impl {
 public:
  absl::StatusOr<MarketFrame> Frame(std::string_view bytes);

 private:
  absl::StatusOr<MarketFrame> Book(const Element& data, bool snapshot, base::Time time);
  absl::StatusOr<MarketFrame> Trades(const Element& data, base::Time time);

  JsonParser parser_;
  std::vector<TextLevel> bids_, asks_;
  std::vector<TradeReport> trades_;
};

absl::StatusOr<MarketFrame> MarketDecoder::Impl::Book(const Element& data, bool snapshot,
                                                      base::Time time) {
  static constexpr std::array<std::string_view, 4> kNames = {"s", "b", "a", "u"};
  FieldErrors errors;
  object book;
  if (data.get(book) != simdjson::SUCCESS)
    return absl::InvalidArgumentError("orderbook: field data: must be an object");
  NamedFields fields(book, kNames, errors);
  DepthDiff diff;
  diff.snapshot = snapshot;
  diff.symbol = Symbol(fields.Text(0), errors);
  diff.first_id = diff.last_id = fields.Unsigned(3);
  diff.event_time = time;
  ReadLevels(fields.at(1), "b", bids_, errors);
  ReadLevels(fields.at(2), "a", asks_, errors);
  if (!errors.ok()) return base::Annotate(errors.status(), "orderbook");
  diff.bids = bids_;
  diff.asks = asks_;
  return MarketFrame(diff);
}

absl::StatusOr<MarketFrame> MarketDecoder::Impl::Trades(const Element& data, base::Time time) {
  FieldErrors errors;
  array rows;
  trades_.clear();
  if (data.get(rows) != simdjson::SUCCESS) errors.Add("data", "must be a list");
  if (errors.ok() && rows.size() > kMaxTrades) errors.Add("data", "is longer than we read");
  for (auto row = rows.begin(); errors.ok() && row != rows.end(); ++row) {
    object trade;
    if ((*row).get(trade) != simdjson::SUCCESS) {
      errors.Add("data", "must hold objects");
    } else {
      trades_.push_back(ReadTrade(trade, time, errors));
    }
  }
  if (!errors.ok()) return base::Annotate(errors.status(), "publicTrade");
  return MarketFrame(TradeReports{trades_});
}

absl::StatusOr<MarketFrame> MarketDecoder::Impl::Frame(std::string_view bytes) {
  static constexpr std::array<std::string_view, 4> kNames = {"topic", "type", "ts", "data"};
  enum { kTopic, kType, kTime, kData };
  GANNET_ASSIGN_OR_RETURN(const object root,
                          parser_.ParseObject(bytes, kMaxFrameBytes, "a message"));
  FieldErrors errors;
  NamedFields fields(root, kNames, errors);
  if (!errors.ok()) return errors.status();
  if (!fields.has(kTopic)) return ReadAnswer(root);
  const std::string_view topic = fields.Text(kTopic);
  const bool book = IsBookTopic(topic), trades = topic.starts_with("publicTrade.");
  if (!errors.ok()) return errors.status();
  if (!book && !trades) return MarketFrame(OtherFrame{topic.substr(0, topic.find('.')), topic});
  const base::Time time = fields.Millis(kTime);
  const std::string_view type = fields.Text(kType);
  if (!fields.has(kData)) errors.Add("data", "is missing");
  if (book && type != "snapshot" && type != "delta")
    errors.Add("type", "is neither snapshot nor delta");
  if (!errors.ok()) return base::Annotate(errors.status(), topic.substr(0, 80));
  return book ? Book(*fields.at(kData), type == "snapshot", time) : Trades(*fields.at(kData), time);
}

MarketDecoder::MarketDecoder() : impl_(std::make_unique<Impl>()) {}
MarketDecoder::~MarketDecoder() = default;

absl::StatusOr<MarketFrame> MarketDecoder::DecodeFrame(std::string_view bytes) {
  return impl_->Frame(bytes);
}

absl::StatusOr<ExchangeInfo> MarketDecoder::DecodeInstrumentsInfo(std::string_view bytes,
                                                                  Category category,
                                                                  std::string_view venue) {
  JsonParser once;  // its buffers grow with the document, which is large and rare
  GANNET_ASSIGN_OR_RETURN(const object root,
                          once.ParseObject(bytes, kMaxDocumentBytes, "instruments-info"));
  return ReadInstrumentsInfo(root, category, venue);
}

}  // namespace gannet::venue::bybit
