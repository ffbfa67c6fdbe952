#include <algorithm>

#include "libs/base/concat.h"
#include "libs/base/percent.h"
#include "libs/venue/binance/market_codec.h"

namespace gannet::venue::binance {
namespace {

using base::Concat;
using base::PercentEncoded;

// What is no valid escape stays as it is.
std::string PercentDecode(std::string_view text) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
  };
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 &&
        digit(text[i + 2]) >= 0) {
      out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

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

std::string QueryParameter(std::string_view path, std::string_view name) {
  const size_t question = path.find('?');
  if (question == std::string_view::npos) return {};
  std::string_view rest = path.substr(question + 1);
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    const size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name)
      return PercentDecode(pair.substr(equals + 1));
  }
  return {};
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
