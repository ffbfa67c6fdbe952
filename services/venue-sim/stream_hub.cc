#include "services/venue-sim/stream_hub.h"

#include <simdjson.h>

#include <algorithm>

#include "services/venue-sim/payloads.h"
#include "services/venue-sim/usdm_payloads.h"

namespace gannet::venue_sim {
namespace {

using simdjson::dom::element;

std::string Upper(std::string_view text) {
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return upper;
}

// Letters, digits and the signs that stream names are made of.
bool IsStreamName(std::string_view name) {
  if (name.empty() || name.size() > 64) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '@' ||
           c == '_' || c == '!' || c == '-' || c == '.' || c == ':' || c == '+';
  });
}

struct StreamRequest {
  std::string method, id = "null";
  std::vector<std::string> names;
  std::optional<bool> flag;
  std::string error;
  int error_code = 2;
};

StreamRequest Parse(std::string_view text) {
  StreamRequest request;
  simdjson::dom::parser parser;
  element root;
  const auto fail = [&request](int code, std::string message) {
    request.error_code = code;
    request.error = std::move(message);
    return request;
  };
  if (parser.parse(text.data(), text.size()).get(root) != simdjson::SUCCESS)
    return fail(3, "Invalid JSON: expected value at line 1 column 1");
  simdjson::dom::object object;
  if (root.get(object) != simdjson::SUCCESS) return fail(2, "Invalid request: expected an object");
  element id;
  if (object["id"].get(id) == simdjson::SUCCESS && !id.is_null()) {
    uint64_t number = 0;
    std::string_view name;
    if (id.get(number) == simdjson::SUCCESS) {
      request.id = std::to_string(number);
    } else if (id.get(name) == simdjson::SUCCESS && name.size() <= 36) {
      JsonText json;
      request.id = json.Text(name).Take();
    } else {
      return fail(2, "Invalid request: request ID must be an unsigned integer");
    }
  }
  std::string_view method;
  if (object["method"].get(method) != simdjson::SUCCESS)
    return fail(2, "Invalid request: missing field `method`");
  request.method = method;
  simdjson::dom::array params;
  if (object["params"].get(params) == simdjson::SUCCESS) {
    for (const element value : params) {
      std::string_view name;
      bool flag = false;
      if (value.get(name) == simdjson::SUCCESS) {
        request.names.emplace_back(name);
      } else if (value.get(flag) == simdjson::SUCCESS) {
        request.flag = flag;
      } else {
        return fail(2, "Invalid request: parameters must be strings");
      }
    }
  }
  return request;
}

}  // namespace

std::optional<Stream> ParseStream(std::string_view name, bool usdm) {
  if (usdm) {
    std::optional<Stream> stream = ParseStream(name);
    if (!stream && name.ends_with("@depth@500ms"))
      stream = ParseStream(name.substr(0, name.size() - 6));
    const bool told =
        stream && UsdmMarket::Lists(stream->symbol) &&
        (stream->kind == StreamKind::kDepth || stream->kind == StreamKind::kKline ||
         stream->kind == StreamKind::kBookTicker || stream->kind == StreamKind::kAggregate);
    return told ? stream : std::nullopt;
  }
  if (name == "!miniTicker@arr") return Stream{.kind = StreamKind::kAllMiniTickers};
  if (name == "!ticker@arr") return Stream{.kind = StreamKind::kAllTickers};
  const size_t at = name.find('@');
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view lower = name.substr(0, at);
  const int index = FindSymbol(Upper(lower));
  if (index < 0 || lower.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") != std::string_view::npos)
    return std::nullopt;
  Stream stream{.symbol = static_cast<SymbolIndex>(index)};
  std::string_view what = name.substr(at + 1);
  const auto is = [&](std::string_view text, StreamKind kind) {
    if (what != text) return false;
    stream.kind = kind;
    return true;
  };
  if (is("trade", StreamKind::kTrade) || is("aggTrade", StreamKind::kAggregate) ||
      is("bookTicker", StreamKind::kBookTicker) || is("miniTicker", StreamKind::kMiniTicker) ||
      is("ticker", StreamKind::kTicker) || is("avgPrice", StreamKind::kAveragePrice)) {
    return stream;
  }
  if (what.starts_with("kline_")) {
    const auto interval = ParseInterval(what.substr(6));
    if (!interval) return std::nullopt;
    stream.kind = StreamKind::kKline;
    stream.detail = static_cast<uint8_t>(*interval);
    return stream;
  }
  if (!what.starts_with("depth")) return std::nullopt;
  what.remove_prefix(5);
  if (what.ends_with("@100ms")) {
    stream.fast = true;
    what.remove_suffix(6);
  } else if (what.ends_with("@1000ms")) {
    what.remove_suffix(7);
  }
  stream.kind = what.empty() ? StreamKind::kDepth : StreamKind::kPartialDepth;
  if (what.empty()) return stream;
  if (what != "5" && what != "10" && what != "20") return std::nullopt;
  stream.detail = what == "5" ? 5 : what == "10" ? 10 : 20;
  return stream;
}

bool StreamHub::Open(ConnectionId id, const std::vector<std::string>& names, bool combined) {
  if (names.size() > kMaxStreams || !std::all_of(names.begin(), names.end(), IsStreamName))
    return false;
  connections_[id].combined = combined;
  for (const std::string& name : names) Subscribe(id, name);
  return true;
}

void StreamHub::Close(ConnectionId id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  const std::set<std::string> names = found->second.names;
  for (const std::string& name : names) Unsubscribe(id, name);
  connections_.erase(id);
}

void StreamHub::Subscribe(ConnectionId id, const std::string& name) {
  connections_.at(id).names.insert(name);
  const auto stream = ParseStream(name, usdm_);
  if (!stream) return;  // remembered, as the venue does, and silent
  subscribers_[*stream][id] = name;
  if (stream->kind == StreamKind::kDepth) {
    // The first update begins right after the book that is there now.
    diffs_.try_emplace({stream->fast, stream->symbol},
                       Diff{.first = core_.update_id(stream->symbol) + 1});
  }
}

void StreamHub::Unsubscribe(ConnectionId id, const std::string& name) {
  connections_.at(id).names.erase(name);
  const auto stream = ParseStream(name, usdm_);
  if (!stream) return;
  const auto found = subscribers_.find(*stream);
  if (found == subscribers_.end()) return;
  found->second.erase(id);
  if (!found->second.empty()) return;
  subscribers_.erase(found);
  klines_.erase(*stream);
  partial_sent_.erase(*stream);
  if (stream->kind == StreamKind::kDepth) diffs_.erase({stream->fast, stream->symbol});
}

void StreamHub::OnMessage(ConnectionId id, std::string_view text, base::Time now) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  Connection& connection = found->second;
  const int64_t second = base::UnixMillis(now) / 1000;
  if (connection.second != second) connection.messages = 0;
  connection.second = second;
  if (++connection.messages > kMaxMessagesPerSecond) return outbox_.Close(id);

  StreamRequest request = Parse(text);
  const bool known_names = std::all_of(request.names.begin(), request.names.end(), IsStreamName);
  std::string result = "null";
  if (request.error.empty() && request.method == "SUBSCRIBE") {
    if (!known_names || request.names.empty()) {
      request.error = "Invalid request: invalid stream";
    } else if (connection.names.size() + request.names.size() > kMaxStreams) {
      request.error = "Invalid request: too many streams";
    } else {
      for (const std::string& name : request.names) Subscribe(id, name);
    }
  } else if (request.error.empty() && request.method == "UNSUBSCRIBE") {
    for (const std::string& name : request.names) Unsubscribe(id, name);
  } else if (request.error.empty() && request.method == "LIST_SUBSCRIPTIONS") {
    JsonText list;
    list.Array();
    for (const std::string& name : connection.names) list.Text(name);
    result = list.EndArray().Take();
  } else if (request.error.empty() &&
             (request.method == "SET_PROPERTY" || request.method == "GET_PROPERTY")) {
    const bool set = request.method == "SET_PROPERTY";
    if (request.names.size() != 1 || request.names[0] != "combined") {
      request.error_code = 0;
      request.error = "Unknown property";
    } else if (set && !request.flag) {
      request.error_code = 1;
      request.error = "Invalid value type: expected Boolean";
    } else if (set) {
      connection.combined = *request.flag;
    } else {
      result = connection.combined ? "true" : "false";
    }
  } else if (request.error.empty()) {
    request.error = "Invalid request: unknown variant `" + request.method.substr(0, 40) +
                    "`, expected one of `SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, "
                    "`SET_PROPERTY`, `GET_PROPERTY`";
  }
  JsonText json;
  json.Object();
  if (request.error.empty()) {
    json.Raw("result", result);
  } else {
    json.Object("error").Int("code", request.error_code).Text("msg", request.error).EndObject();
  }
  outbox_.Send(id, json.Raw("id", request.id).EndObject().Take());
}

const StreamHub::Subscribers* StreamHub::Of(const Stream& stream) const {
  const auto found = subscribers_.find(stream);
  return found == subscribers_.end() ? nullptr : &found->second;
}

void StreamHub::Publish(const Stream& stream, std::string payload) {
  const Subscribers* subscribers = Of(stream);
  if (subscribers == nullptr) return;
  const auto plain = std::make_shared<const std::string>(std::move(payload));
  std::map<std::string, std::shared_ptr<const std::string>> wrapped;  // by the name in use
  for (const auto& [id, name] : *subscribers) {
    if (!connections_.at(id).combined) {
      outbox_.Send(id, plain);
      continue;
    }
    auto& text = wrapped[name];
    if (!text)
      text = std::make_shared<const std::string>("{\"stream\":\"" + name + "\",\"data\":" + *plain +
                                                 "}");
    outbox_.Send(id, text);
  }
}

void StreamHub::OnLevel(SymbolIndex symbol, market::Side side, int64_t price, int64_t quantity,
                        uint64_t update_id) {
  if (diffs_.empty()) return;
  for (const bool fast : {false, true}) {
    const auto found = diffs_.find({fast, symbol});
    if (found == diffs_.end()) continue;
    found->second.levels[{side, price}] = quantity;
    found->second.last = update_id;
  }
}

void StreamHub::OnBest(SymbolIndex symbol) {
  const Stream stream{.kind = StreamKind::kBookTicker, .symbol = symbol};
  if (Of(stream) == nullptr) return;
  Publish(stream, usdm_ ? UsdmBookTickerEvent(core_, symbol) : BookTickerEvent(core_, symbol));
}

void StreamHub::OnTrade(SymbolIndex symbol, const TradePrint& trade) {
  const Stream stream{.kind = StreamKind::kTrade, .symbol = symbol};
  if (Of(stream) != nullptr) Publish(stream, TradeEvent(symbol, trade, core_.now()));
}

void StreamHub::OnAggregate(SymbolIndex symbol, const AggregateTrade& trade) {
  const Stream stream{.kind = StreamKind::kAggregate, .symbol = symbol};
  if (Of(stream) != nullptr) Publish(stream, AggregateEvent(symbol, trade, core_.now()));
}

void StreamHub::Flush(base::Time now) {
  ++flushes_;
  FlushDepth(/*fast=*/true, now);
  if (usdm_ && flushes_ % 5 == 0) FlushDepth(/*fast=*/false, now);
  if (flushes_ % 10 != 0) return;
  if (!usdm_) FlushDepth(/*fast=*/false, now);
  FlushSlow(now);
}

void StreamHub::FlushDepth(bool fast, base::Time now) {
  for (auto& [key, diff] : diffs_) {
    if (key.first != fast || diff.levels.empty()) continue;
    const SymbolIndex symbol = key.second;
    JsonText json;
    json.Object()
        .Text("e", "depthUpdate")
        .Int("E", base::UnixMillis(now))
        .Text("s", ListedSymbols()[symbol].name);
    if (usdm_) json.Int("T", base::UnixMillis(now));
    json.Unsigned("U", diff.first).Unsigned("u", diff.last);
    if (usdm_) json.Unsigned("pu", diff.first - 1);
    for (const market::Side side : {market::Side::kBuy, market::Side::kSell}) {
      json.Array(side == market::Side::kBuy ? "b" : "a");
      for (const auto& [level, quantity] : diff.levels) {
        if (level.first == side) json.Array().Decimal(level.second).Decimal(quantity).EndArray();
      }
      json.EndArray();
    }
    diff.levels.clear();
    diff.first = diff.last + 1;
    Publish({.kind = StreamKind::kDepth, .symbol = symbol, .fast = fast}, json.EndObject().Take());
  }
  for (const auto& [stream, subscribers] : subscribers_) {
    if (stream.kind != StreamKind::kPartialDepth || stream.fast != fast) continue;
    uint64_t& sent = partial_sent_[stream];
    if (sent == core_.update_id(stream.symbol)) continue;
    sent = core_.update_id(stream.symbol);
    Publish(stream, PartialDepth(core_, stream.symbol, stream.detail));
  }
}

void StreamHub::FlushSlow(base::Time now) {
  for (const auto& [stream, subscribers] : subscribers_) {
    switch (stream.kind) {
      case StreamKind::kKline:
        FlushKline(stream, now);
        break;
      case StreamKind::kMiniTicker:
      case StreamKind::kTicker:
        Publish(stream,
                DayTickerEvent(core_, stream.symbol, stream.kind == StreamKind::kMiniTicker));
        break;
      case StreamKind::kAveragePrice:
        Publish(stream, AveragePriceEvent(core_, stream.symbol));
        break;
      case StreamKind::kAllMiniTickers:
      case StreamKind::kAllTickers: {
        JsonText json;
        json.Array();
        for (SymbolIndex i = 0; i < ListedSymbols().size(); ++i) {
          json.Raw(DayTickerEvent(core_, i, stream.kind == StreamKind::kAllMiniTickers));
        }
        Publish(stream, json.EndArray().Take());
        break;
      }
      default:
        break;
    }
  }
}

void StreamHub::FlushKline(const Stream& stream, base::Time now) {
  const auto interval = static_cast<Interval>(stream.detail);
  const Tape& tape = core_.tape(stream.symbol);
  const Candle current = tape.Current(interval);
  KlineSent& sent = klines_[stream];
  if (sent.open_ms >= 0 && sent.open_ms != current.open_ms) {
    const auto closed = tape.Candles(interval, sent.open_ms, sent.open_ms, 1);
    if (!closed.empty())
      Publish(stream, KlineEvent(stream.symbol, interval, closed.front(), true, now));
  } else if (sent.open_ms == current.open_ms && sent.trades == current.trades) {
    return;
  }
  sent = {current.open_ms, current.trades};
  Publish(stream, KlineEvent(stream.symbol, interval, current, false, now));
}

}  // namespace gannet::venue_sim
