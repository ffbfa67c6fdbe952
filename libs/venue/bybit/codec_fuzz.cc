// libFuzzer entry: any bytes through every decoder of Bybit; nothing may crash or hang,
// and what was read can be written and read again.
//   cmake --preset clang && ninja -C build/clang gannet_bybit_orders_fuzz
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "libs/base/check.h"
#include "libs/venue/bybit/codec.h"

using namespace gannet;
using namespace gannet::venue::bybit;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Reader reader(true);
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)reader.ReadEnvelope(bytes);
  if (const auto id = reader.ReadOrderId(bytes); id.ok()) {
    const auto again = reader.ReadOrderId(Write(*id));
    GANNET_CHECK(again.ok() && again->order_id == id->order_id, "written and read again");
  }
  (void)reader.ReadOrderIds(bytes);
  (void)reader.ReadOrders(bytes);
  (void)reader.ReadExecutions(bytes);
  (void)reader.ReadPositions(bytes);
  (void)reader.ReadWallets(bytes);
  (void)reader.ReadAccountInfo(bytes);
  (void)reader.ReadServerTime(bytes);
  (void)reader.ReadFrame(bytes);
  return 0;
}
