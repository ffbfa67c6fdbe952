// General and market data endpoints.
#include <algorithm>

#include "services/venue-sim/api.h"
#include "services/venue-sim/filters.h"
#include "services/venue-sim/payloads.h"

namespace gannet::venue_sim {
namespace {

size_t Limit(ApiCall& call, int64_t otherwise, int64_t most) {
  const int64_t limit = call.params.IntegerOr("limit", otherwise);
  if (limit == 0) call.params.Refuse(-1130, "Data sent for parameter 'limit' is not valid.");
  return static_cast<size_t>(std::min(limit, most));
}

// `symbol`, `symbols` (a JSON list of names) or all of them. `single` says that
// the answer is one object and not a list.
std::vector<SymbolIndex> WantedSymbols(ApiCall& call, bool* single) {
  const Params& params = call.request.params;
  *single = params.Has("symbol");
  std::vector<SymbolIndex> symbols;
  if (params.Has("symbol") && params.Has("symbols")) {
    call.params.Refuse(-1128, "Combination of optional parameters invalid.");
  } else if (*single) {
    symbols.push_back(call.params.Symbol());
  } else if (params.Has("symbols")) {
    std::string_view list = params.Get("symbols");
    const bool bracketed = list.size() >= 2 && list.front() == '[' && list.back() == ']';
    if (!bracketed) call.params.Refuse(-1100, "Illegal characters found in parameter 'symbols'.");
    list = bracketed ? list.substr(1, list.size() - 2) : std::string_view();
    while (!list.empty() && call.params.ok()) {
      const size_t comma = list.find(',');
      std::string_view name = list.substr(0, comma);
      while (!name.empty() && name.front() == ' ') name.remove_prefix(1);
      while (!name.empty() && name.back() == ' ') name.remove_suffix(1);
      if (name.size() >= 2 && name.front() == '"' && name.back() == '"')
        name = name.substr(1, name.size() - 2);
      const int index = FindSymbol(name);
      if (index < 0) call.params.Refuse(-1121, "Invalid symbol.");
      const auto symbol = static_cast<SymbolIndex>(std::max(index, 0));
      if (std::find(symbols.begin(), symbols.end(), symbol) != symbols.end()) {
        call.params.Refuse(-1151, "Symbol is present multiple times in the list.");
      }
      symbols.push_back(symbol);
      list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    }
  } else {
    for (SymbolIndex i = 0; i < ListedSymbols().size(); ++i) symbols.push_back(i);
  }
  return symbols;
}

// One value or a list of them.
template <class Write>
void WriteWanted(ApiCall& call, Write&& write) {
  bool single = false;
  const std::vector<SymbolIndex> symbols = WantedSymbols(call, &single);
  if (!call.params.ok()) return;
  if (!single) call.json.Array();
  for (const SymbolIndex symbol : symbols) write(symbol);
  if (!single) call.json.EndArray();
}

void WriteTrades(ApiCall& call, const Tape& tape, size_t limit, uint64_t from) {
  const auto& trades = tape.trades();
  auto first =
      trades.begin() + static_cast<std::ptrdiff_t>(trades.size() - std::min(limit, trades.size()));
  if (from > 0)
    first = std::find_if(trades.begin(), trades.end(),
                         [from](const TradePrint& t) { return t.id >= from; });
  call.json.Array();
  for (size_t n = 0; first != trades.end() && n < limit; ++first, ++n)
    WriteTrade(call.json, *first);
  call.json.EndArray();
}

}  // namespace

void Api::Ping(ApiCall& call) { call.json.Object().EndObject(); }

void Api::Time(ApiCall& call) {
  call.json.Object().Int("serverTime", base::UnixMillis(call.now)).EndObject();
}

void Api::ExchangeInfo(ApiCall& call) {
  bool single = false;
  const std::vector<SymbolIndex> symbols = WantedSymbols(call, &single);
  if (call.params.ok()) WriteExchangeInfo(call.json, core(), symbols, limits_, call.now);
}

void Api::Depth(ApiCall& call) {
  const SymbolIndex symbol = call.params.Symbol();
  const size_t limit = Limit(call, 100, 5000);
  if (call.params.ok()) WriteDepth(call.json, core(), symbol, limit);
}

void Api::Trades(ApiCall& call) {
  const SymbolIndex symbol = call.params.Symbol();
  const size_t limit = Limit(call, 500, 1000);
  if (call.params.ok()) WriteTrades(call, core().tape(symbol), limit, 0);
}

void Api::HistoricalTrades(ApiCall& call) {
  const SymbolIndex symbol = call.params.Symbol();
  const size_t limit = Limit(call, 500, 1000);
  const auto from = static_cast<uint64_t>(call.params.IntegerOr("fromId", 0));
  if (call.params.ok()) WriteTrades(call, core().tape(symbol), limit, from);
}

void Api::AggregateTrades(ApiCall& call) {
  const SymbolIndex symbol = call.params.Symbol();
  const size_t limit = Limit(call, 500, 1000);
  const auto from = call.params.Integer("fromId");
  const auto start = call.params.Integer("startTime");
  const int64_t end = call.params.IntegerOr("endTime", INT64_MAX);
  if (from && (start || call.request.params.Has("endTime"))) {
    call.params.Refuse(-1128, "Combination of optional parameters invalid.");
  }
  if (!call.params.ok()) return;
  std::vector<const AggregateTrade*> chosen;
  for (const AggregateTrade& trade : core().tape(symbol).aggregates()) {
    if (from && trade.id < static_cast<uint64_t>(*from)) continue;
    if (start && trade.time_ms < *start) continue;
    if (trade.time_ms > end) break;
    chosen.push_back(&trade);
  }
  const bool from_the_front = from || start;
  const size_t skip = from_the_front || chosen.size() <= limit ? 0 : chosen.size() - limit;
  call.json.Array();
  for (size_t i = skip; i < chosen.size() && i - skip < limit; ++i)
    WriteAggregate(call.json, *chosen[i]);
  call.json.EndArray();
}

void Api::Klines(ApiCall& call) {
  const SymbolIndex symbol = call.params.Symbol();
  const auto interval = ParseInterval(call.params.Text("interval"));
  const int64_t start = call.params.IntegerOr("startTime", 0);
  const int64_t end = call.params.IntegerOr("endTime", INT64_MAX);
  const size_t limit = Limit(call, 500, 1000);
  if (call.params.ok() && !interval) call.params.Refuse(-1120, "Invalid interval.");
  if (!call.params.ok()) return;
  call.json.Array();
  for (const Candle& candle : core().tape(symbol).Candles(*interval, start, end, limit))
    WriteKline(call.json, *interval, candle);
  call.json.EndArray();
}

void Api::AveragePrice(ApiCall& call) {
  const SymbolIndex symbol = call.params.Symbol();
  if (!call.params.ok()) return;
  const Tape& tape = core().tape(symbol);
  call.json.Object().Int("mins", kAveragePriceMinutes);
  call.json.Decimal("price", tape.AveragePrice(base::UnixMillis(call.now), kAveragePriceMinutes));
  call.json
      .Int("closeTime",
           tape.trades().empty() ? base::UnixMillis(call.now) : tape.trades().back().time_ms)
      .EndObject();
}

void Api::DayTicker(ApiCall& call) {
  const std::string_view type = call.params.TextOr("type", "FULL");
  if (type != "FULL" && type != "MINI") call.params.Refuse(-1139, "Invalid ticker type.");
  WriteWanted(
      call, [&](SymbolIndex symbol) { WriteDayTicker(call.json, core(), symbol, type == "MINI"); });
}

void Api::PriceTicker(ApiCall& call) {
  WriteWanted(call, [&](SymbolIndex symbol) {
    call.json.Object()
        .Text("symbol", ListedSymbols()[symbol].name)
        .Decimal("price", core().tape(symbol).last_price())
        .EndObject();
  });
}

void Api::BookTicker(ApiCall& call) {
  WriteWanted(call, [&](SymbolIndex symbol) { WriteBookTicker(call.json, core(), symbol); });
}

void Api::EmptyList(ApiCall& call) { call.json.Array().EndArray(); }

void Api::EmptyDerivatives(ApiCall& call) {
  call.json.Object()
      .Text("timezone", "UTC")
      .Int("serverTime", base::UnixMillis(call.now))
      .Array("rateLimits")
      .EndArray();
  call.json.Array("exchangeFilters")
      .EndArray()
      .Array("assets")
      .EndArray()
      .Array("symbols")
      .EndArray()
      .EndObject();
}

}  // namespace gannet::venue_sim
