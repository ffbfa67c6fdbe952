// libFuzzer entry: any bytes through every decoder of orders, accounts and user streams
// of Binance spot and USD-M; nothing may crash or hang, and what was read can be written
// and read again.
//   cmake --preset clang && ninja -C build/clang gannet_binance_orders_fuzz
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "libs/base/check.h"
#include "libs/venue/binance/order_codec.h"
#include "libs/venue/binance/usdm_codec.h"
#include "libs/venue/binance/user_stream_codec.h"

using namespace gannet;
using namespace gannet::venue::binance;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static AnswerReader spot(true);
  static UserStreamReader stream(true);
  static usdm::Reader usdm(true);
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)spot.Order(bytes);
  (void)spot.Orders(bytes);
  (void)spot.Trades(bytes);
  (void)spot.Account(bytes);
  (void)spot.CancelReplace(bytes);
  (void)spot.Error(bytes);
  (void)spot.ServerTime(bytes);
  (void)stream.Read(bytes);
  if (const auto order = usdm.ReadOrder(bytes); order.ok()) {
    const auto again = usdm.ReadOrder(usdm::Write(*order));
    GANNET_CHECK(again.ok() && again->order_id == order->order_id, "written and read again");
  }
  if (const auto order = usdm.ReadAlgoOrder(bytes); order.ok()) {
    const auto again = usdm.ReadAlgoOrder(usdm::Write(*order));
    GANNET_CHECK(again.ok() && again->algo_id == order->algo_id, "written and read again");
  }
  (void)usdm.ReadOrders(bytes);
  (void)usdm.ReadAlgoOrders(bytes);
  (void)usdm.ReadTrades(bytes);
  (void)usdm.ReadBalances(bytes);
  (void)usdm.ReadPositions(bytes);
  (void)usdm.ReadAccount(bytes);
  (void)usdm.ReadSettings(bytes);
  (void)usdm.ReadSymbolSettings(bytes);
  (void)usdm.ReadAcknowledgement(bytes);
  (void)usdm.ReadListenKey(bytes);
  (void)usdm.ReadServerTime(bytes);
  (void)usdm.ReadEvent(bytes);
  (void)usdm.ReadApiAnswer(bytes);
  return 0;
}
