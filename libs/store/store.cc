#include "libs/store/store.h"

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"

namespace gannet::store {
namespace {

absl::Status CheckAmount(const market::Money& amount, const char* field, const std::string& row) {
  const market::Int128 limit = AmountLimit();
  if (amount.units() > -limit && amount.units() < limit && amount.scale() <= market::kMaxScale)
    return absl::OkStatus();
  return absl::OutOfRangeError(
      absl::StrCat(field, " of ", row, " (", amount.ToString(), ") has more than 38 digits"));
}

}  // namespace

market::Int128 AmountLimit() {
  const market::Int128 ten_to_19 = static_cast<market::Int128>(market::PowerOfTen(18)) * 10;
  return ten_to_19 * ten_to_19;
}

absl::Status CheckAmounts(const Batch& batch) {
  for (const FillRow& row : batch.fills) {
    const std::string name = absl::StrCat("fill ", row.trade_id);
    GANNET_RETURN_IF_ERROR(CheckAmount(row.price, "price", name));
    GANNET_RETURN_IF_ERROR(CheckAmount(row.quantity, "quantity", name));
    GANNET_RETURN_IF_ERROR(CheckAmount(row.notional, "notional", name));
    GANNET_RETURN_IF_ERROR(CheckAmount(row.fee, "fee", name));
  }
  for (const OrderRow& row : batch.orders) {
    const std::string name = absl::StrCat("order ", row.client_order_id.text());
    GANNET_RETURN_IF_ERROR(CheckAmount(row.price, "price", name));
    GANNET_RETURN_IF_ERROR(CheckAmount(row.quantity, "quantity", name));
    GANNET_RETURN_IF_ERROR(CheckAmount(row.cumulative, "cumulative", name));
  }
  for (const PositionRow& row : batch.positions) {
    const std::string name = absl::StrCat("position ", row.instrument.text());
    GANNET_RETURN_IF_ERROR(CheckAmount(row.net, "net", name));
    GANNET_RETURN_IF_ERROR(CheckAmount(row.average_price, "average_price", name));
    GANNET_RETURN_IF_ERROR(CheckAmount(row.realized, "realized", name));
    GANNET_RETURN_IF_ERROR(CheckAmount(row.unrealized, "unrealized", name));
    GANNET_RETURN_IF_ERROR(CheckAmount(row.fees, "fees", name));
  }
  for (const EquityRow& row : batch.equity) {
    const std::string name = absl::StrCat("equity of ", row.account.text());
    GANNET_RETURN_IF_ERROR(CheckAmount(row.realized, "realized", name));
    GANNET_RETURN_IF_ERROR(CheckAmount(row.unrealized, "unrealized", name));
    GANNET_RETURN_IF_ERROR(CheckAmount(row.fees, "fees", name));
  }
  return absl::OkStatus();
}

}  // namespace gannet::store
