// Who may call what: one table for every method that is served. A method that is
// not in it is refused, whoever asks; a test walks the table over all contracts.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace gannet::rpc {

// What a caller may do. A right does not include another.
enum class Right : uint8_t {
  kNone = 0,     // anybody, without credentials: health, reflection
  kRead = 1,     // see markets, signals, orders, positions, reports
  kTrade = 2,    // give, change and cancel orders
  kRisk = 4,     // trading states, kill switch, limits
  kOperate = 8,  // drain, snapshots, models, configuration
};
using Rights = uint8_t;  // of Right
inline constexpr Rights kAllRights = 15;
constexpr bool Allows(Rights rights, Right needed) {
  return (rights & static_cast<Rights>(needed)) == static_cast<Rights>(needed);
}

// The authenticated caller. `person` is in commands, events and logs.
struct Caller {
  std::string person;  // empty: nobody signed in
  Rights rights = 0;
};

struct AccessRow {
  std::string_view method;  // "gannet.order.v1.OrderService/SubmitOrder"
  Right needed;
  // The same request id gets the first answer again.
  bool once = false;
};

std::span<const AccessRow> AccessTable();
const AccessRow* FindAccess(std::string_view method);

}  // namespace gannet::rpc
