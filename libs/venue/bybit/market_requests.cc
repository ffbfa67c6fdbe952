#include "libs/base/concat.h"
#include "libs/venue/bybit/market_codec.h"

namespace gannet::venue::bybit {
namespace {

using base::Concat;

std::string Request(std::string_view operation, std::span<const std::string> topics, uint64_t id) {
  std::string list;
  for (const std::string& topic : topics)
    list += Concat({list.empty() ? "\"" : ",\"", topic, "\""});  // symbols have no quotes
  return Concat({"{\"op\":\"", operation, "\",\"req_id\":\"", std::to_string(id), "\",\"args\":[",
                 list, "]}"});
}

}  // namespace

std::string EncodeSubscribe(std::span<const std::string> topics, uint64_t id) {
  return Request("subscribe", topics, id);
}
std::string EncodeUnsubscribe(std::span<const std::string> topics, uint64_t id) {
  return Request("unsubscribe", topics, id);
}

std::string InstrumentsInfoPath(Category category, std::string_view page) {
  std::string path =
      Concat({"/v5/market/instruments-info?category=", CategoryText(category), "&limit=1000"});
  return page.empty() ? path : Concat({path, "&cursor=", page});  // as it came: percent-encoded
}

std::vector<std::string> TopicNames(std::string_view symbol, const StreamSelection& selection) {
  std::vector<std::string> out;
  if (selection.depth) {
    out.push_back(Concat({"orderbook.", std::to_string(selection.depth_levels), ".", symbol}));
  }
  if (selection.trades != TradeStream::kNone) out.push_back(Concat({"publicTrade.", symbol}));
  return out;
}

}  // namespace gannet::venue::bybit
