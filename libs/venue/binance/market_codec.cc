#include "libs/venue/binance/market_codec.h"

#include "libs/base/concat.h"
#include "libs/base/status.h"
#include "libs/venue/binance/exchange_info.h"
#include "libs/venue/json_parser.h"

namespace gannet::venue::binance {
namespace {

using base::Concat;
using simdjson::dom::array;
using simdjson::dom::object;

// "btcusdt@depth@100ms" continues a book; "@depth20" (the top only) and
// "@rpiDepth" (other orders) carry the same event type and must not.
bool IsDiffStream(std::string_view stream) {
  const size_t at = stream.find('@');
  if (at == std::string_view::npos) return true;  // raw stream: not named
  const std::string_view kind = stream.substr(at + 1);
  return kind == "depth" || kind.substr(0, 6) == "depth@";
}

std::string_view Symbol(EventFields& fields, FieldErrors& errors) {
  const std::string_view symbol = fields.Text('s');
  if (errors.ok() && !IsSymbol(symbol)) errors.Add("s", "is not a symbol");
  return symbol;
}

}  // namespace

class MarketDecoder::Impl {
 public:
  JsonParser& parser() { return parser_; }
  absl::StatusOr<MarketFrame> Frame(const object& root);
  absl::StatusOr<DepthSnapshot> Snapshot(const object& root);

 private:
  absl::StatusOr<MarketFrame> Event(const object& event, std::string_view stream);
  absl::StatusOr<MarketFrame> Untyped(EventFields& fields, std::string_view stream,
                                      FieldErrors& errors);
  DepthDiff Depth(EventFields& fields, FieldErrors& errors);

  JsonParser parser_;
  std::vector<TextLevel> bids_, asks_;
};

DepthDiff MarketDecoder::Impl::Depth(EventFields& fields, FieldErrors& errors) {
  DepthDiff diff;
  diff.symbol = Symbol(fields, errors);
  diff.first_id = fields.Unsigned('U');
  diff.last_id = fields.Unsigned('u');
  if (fields.has_previous()) diff.previous_id = fields.Previous();
  diff.event_time = fields.Millis('E');
  if (diff.first_id > diff.last_id) errors.Add("U", "is larger than u");
  ReadLevels(fields.at('b'), "b", bids_, errors);
  ReadLevels(fields.at('a'), "a", asks_, errors);
  diff.bids = bids_;
  diff.asks = asks_;
  return diff;
}

namespace {

TradeReport Trade(EventFields& fields, bool aggregate, FieldErrors& errors) {
  TradeReport trade;
  trade.symbol = Symbol(fields, errors);
  trade.aggregate = aggregate;
  trade.id = fields.Unsigned(aggregate ? 'a' : 't');
  trade.first_trade = aggregate ? fields.Unsigned('f') : trade.id;
  trade.last_trade = aggregate ? fields.Unsigned('l') : trade.id;
  if (trade.first_trade > trade.last_trade) errors.Add("f", "is larger than l");
  trade.price = fields.Text('p');
  trade.quantity = fields.Text('q');
  trade.buyer_is_maker = fields.Bool('m');
  if (fields.has('X')) trade.execution_type = fields.Text('X');
  trade.event_time = fields.Millis('E');
  trade.trade_time = fields.Millis('T');
  return trade;
}

BookTicker Ticker(EventFields& fields, FieldErrors& errors) {
  BookTicker ticker;
  ticker.symbol = Symbol(fields, errors);
  ticker.update_id = fields.Unsigned('u');
  ticker.bid_price = fields.Text('b');
  ticker.bid_quantity = fields.Text('B');
  ticker.ask_price = fields.Text('a');
  ticker.ask_quantity = fields.Text('A');
  if (fields.has('E')) ticker.event_time = fields.Millis('E');
  return ticker;
}

Kline Candle(EventFields& outer, FieldErrors& errors) {
  Kline kline;
  kline.symbol = Symbol(outer, errors);
  kline.event_time = outer.Millis('E');
  object inner;
  const std::optional<Element> element = outer.at('k');
  if (!element) {
    errors.Add("k", "is missing");
    return kline;
  }
  if (element->get(inner) != simdjson::SUCCESS) {
    errors.Add("k", "must be an object");
    return kline;
  }
  EventFields fields(inner, errors);
  kline.interval = fields.Text('i');
  kline.open_time = fields.Millis('t');
  kline.close_time = fields.Millis('T');
  kline.open = fields.Text('o');
  kline.high = fields.Text('h');
  kline.low = fields.Text('l');
  kline.close = fields.Text('c');
  kline.volume = fields.Text('v');
  kline.trades = fields.Unsigned('n');
  kline.closed = fields.Bool('x');
  return kline;
}

absl::StatusOr<MarketFrame> Finish(MarketFrame frame, const FieldErrors& errors,
                                   std::string_view type) {
  if (!errors.ok()) return base::Annotate(errors.status(), type);
  return frame;
}

// {"result":null,"id":1}, {"code":2,"msg":"…","id":1} or {"error":{"code":…,"msg":…},"id":1}.
RequestResult Answer(const object& root, FieldErrors& errors) {
  static constexpr std::array<std::string_view, 5> kNames = {"id", "code", "msg", "error",
                                                             "result"};
  RequestResult result;
  NamedFields fields(root, kNames, errors);
  uint64_t id = 0;
  if (fields.has(0) && fields.at(0)->get(id) == simdjson::SUCCESS)
    result.id = id;  // ours are numbers
  result.ok = !fields.has(1) && !fields.has(3);
  object detail = root;
  if (fields.has(3) && fields.at(3)->get(detail) != simdjson::SUCCESS)
    errors.Add("error", "must be an object");
  if (result.ok) return result;
  static constexpr std::array<std::string_view, 2> kErrorNames = {"code", "msg"};
  NamedFields error(detail, kErrorNames, errors);
  if (!error.has(0) || error.at(0)->get(result.code) != simdjson::SUCCESS)
    errors.Add("code", "must be a whole number");
  if (error.has(1)) result.message = error.Text(1);
  return result;
}

bool IsAnswer(const object& root) {
  bool id = false, outcome = false;
  for (const auto& [key, value] : root) {
    id |= key == "id";
    outcome |= key == "result" || key == "error" || key == "code";
  }
  return outcome && (id || root.size() <= 2);
}

}  // namespace

// Spot's bookTicker and partial depth say no event type.
absl::StatusOr<MarketFrame> MarketDecoder::Impl::Untyped(EventFields& fields,
                                                         std::string_view stream,
                                                         FieldErrors& errors) {
  if (fields.has('u') && fields.has('b') && fields.has('B')) {
    const BookTicker ticker = Ticker(fields, errors);
    return Finish(ticker, errors, "bookTicker");
  }
  if (!errors.ok()) return errors.status();
  if (!stream.empty()) return MarketFrame(OtherFrame{"", stream});
  return absl::InvalidArgumentError(
      "field e: is missing, and the message is no bookTicker and no answer");
}

absl::StatusOr<MarketFrame> MarketDecoder::Impl::Event(const object& event,
                                                       std::string_view stream) {
  FieldErrors errors;
  EventFields fields(event, errors);
  if (!fields.has('e')) return Untyped(fields, stream, errors);
  const std::string_view type = fields.Text('e');
  if (!errors.ok()) return errors.status();
  if (type == "depthUpdate" && IsDiffStream(stream))
    return Finish(Depth(fields, errors), errors, type);
  if (type == "bookTicker") return Finish(Ticker(fields, errors), errors, type);
  if (type == "trade") return Finish(Trade(fields, false, errors), errors, type);
  if (type == "aggTrade") return Finish(Trade(fields, true, errors), errors, type);
  if (type == "kline") return Finish(Candle(fields, errors), errors, type);
  if (type == "serverShutdown") return Finish(ServerShutdown{fields.Millis('E')}, errors, type);
  return MarketFrame(OtherFrame{type, stream});
}

absl::StatusOr<MarketFrame> MarketDecoder::Impl::Frame(const object& root) {
  static constexpr std::array<std::string_view, 2> kEnvelope = {"stream", "data"};
  FieldErrors errors;
  NamedFields envelope(root, kEnvelope, errors);
  if (!errors.ok()) return errors.status();
  if (!envelope.has(0) || !envelope.has(1)) {
    if (!IsAnswer(root)) return Event(root, "");
    const RequestResult answer = Answer(root, errors);
    return Finish(answer, errors, "answer");
  }
  const std::string_view stream = envelope.Text(0);
  if (!errors.ok()) return errors.status();
  object event;
  if (envelope.at(1)->get(event) == simdjson::SUCCESS) return Event(event, stream);
  if (envelope.at(1)->is_array()) return MarketFrame(OtherFrame{"", stream});
  return absl::InvalidArgumentError("field data: must be an object");
}

absl::StatusOr<DepthSnapshot> MarketDecoder::Impl::Snapshot(const object& root) {
  static constexpr std::array<std::string_view, 5> kNames = {"lastUpdateId", "bids", "asks",
                                                             "symbol", "E"};
  FieldErrors errors;
  NamedFields fields(root, kNames, errors);
  DepthSnapshot snapshot;
  snapshot.last_update_id = fields.Unsigned(0);
  if (fields.has(3)) snapshot.symbol = fields.Text(3);
  if (fields.has(4)) snapshot.event_time = fields.Millis(4);
  if (errors.ok() && fields.has(3) && !IsSymbol(snapshot.symbol))
    errors.Add("symbol", "is not a symbol");
  ReadLevels(fields.at(1), "bids", bids_, errors);
  ReadLevels(fields.at(2), "asks", asks_, errors);
  if (!errors.ok()) return base::Annotate(errors.status(), "depth snapshot");
  snapshot.bids = bids_;
  snapshot.asks = asks_;
  return snapshot;
}

MarketDecoder::MarketDecoder() : impl_(std::make_unique<Impl>()) {}
MarketDecoder::~MarketDecoder() = default;

absl::StatusOr<MarketFrame> MarketDecoder::DecodeFrame(std::string_view bytes) {
  GANNET_ASSIGN_OR_RETURN(const Element root, impl_->parser().Parse(bytes, kMaxFrameBytes));
  object fields;
  if (root.get(fields) == simdjson::SUCCESS) return impl_->Frame(fields);
  if (root.is_array()) return MarketFrame(OtherFrame{});  // all-market tickers
  return absl::InvalidArgumentError("a message must be an object");
}

absl::StatusOr<DepthSnapshot> MarketDecoder::DecodeDepthSnapshot(std::string_view bytes) {
  GANNET_ASSIGN_OR_RETURN(const object fields,
                          impl_->parser().ParseObject(bytes, kMaxDocumentBytes, "depth snapshot"));
  return impl_->Snapshot(fields);
}

absl::StatusOr<ExchangeInfo> MarketDecoder::DecodeExchangeInfo(std::string_view bytes,
                                                               Product product,
                                                               std::string_view venue) {
  JsonParser once;  // its buffers grow with the document, which is large and rare
  GANNET_ASSIGN_OR_RETURN(const object fields,
                          once.ParseObject(bytes, kMaxDocumentBytes, "exchangeInfo"));
  return ReadExchangeInfo(fields, product, venue);
}

}  // namespace gannet::venue::binance
