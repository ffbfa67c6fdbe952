#include <algorithm>

#include "libs/base/concat.h"
#include "libs/base/percent.h"
#include "libs/venue/binance/market_codec.h"

namespace gannet::venue::binance {
namespace {

using base::Concat;
using base::PercentEncoded;

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string Request(std::string_view method, std::span<const std::string> streams, uint64_t id) {
  std::string list;
  for (const std::string& stream : streams) {
    if (!list.empty()) list += ',';
    list += Quoted(stream);
  }
  return Concat(
      {"{\"method\":\"", method, "\",\"params\":[", list, "],\"id\":", std::to_string(id), "}"});
}

// Stream names are in lower case; only ASCII letters have one here.
std::string Lower(std::string_view symbol) {
  std::string out(symbol);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

}  // namespace

std::string EncodeSubscribe(std::span<const std::string> streams, uint64_t id) {
  return Request("SUBSCRIBE", streams, id);
}
std::string EncodeUnsubscribe(std::span<const std::string> streams, uint64_t id) {
  return Request("UNSUBSCRIBE", streams, id);
}

std::string DepthPath(Product product, std::string_view symbol, int limit) {
  return Concat({RestPrefix(product), "/depth?symbol=", PercentEncoded(symbol),
                 "&limit=", std::to_string(limit)});
}

std::string ExchangeInfoPath(Product product, std::span<const std::string> symbols) {
  std::string path = Concat({RestPrefix(product), "/exchangeInfo"});
  if (product != Product::kSpot || symbols.empty()) return path;
  std::string list = "[";
  for (const std::string& symbol : symbols) {
    if (list.size() > 1) list += ',';
    list += Quoted(symbol);
  }
  return Concat({path, "?symbols=", PercentEncoded(list + "]")});
}

int DepthWeight(Product product, int limit) {
  if (product == Product::kSpot)
    return limit <= 100 ? 5 : limit <= 500 ? 25 : limit <= 1000 ? 50 : 250;
  return limit <= 50 ? 2 : limit <= 100 ? 5 : limit <= 500 ? 10 : 20;
}

std::vector<std::string> StreamNames(std::string_view symbol, const StreamSelection& selection) {
  const std::string name = Lower(symbol);
  std::vector<std::string> out;
  if (selection.trades == TradeStream::kEach) out.push_back(name + "@trade");
  if (selection.trades == TradeStream::kAggregate) out.push_back(name + "@aggTrade");
  if (selection.depth) {
    out.push_back(
        Concat({name, "@depth", selection.depth_speed.empty() ? "" : "@", selection.depth_speed}));
  }
  if (selection.book_ticker) out.push_back(name + "@bookTicker");
  if (selection.klines) out.push_back(name + "@kline_1m");
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace gannet::venue::binance
