#include "libs/store/store.h"

#include <type_traits>

#include "absl/strings/str_cat.h"
#include "libs/store/columns.h"

namespace gannet::store {
namespace {

absl::Status CheckAmount(const market::Money& amount, const char* field, const char* table,
                         size_t index) {
  const market::Int128 limit = AmountLimit();
  if (amount.units() > -limit && amount.units() < limit && amount.scale() <= market::kMaxScale)
    return absl::OkStatus();
  return absl::OutOfRangeError(absl::StrCat(field, " of row ", index, " for ", table, " (",
                                            amount.ToString(), ") has more than 38 digits"));
}

}  // namespace

market::Int128 AmountLimit() {
  const market::Int128 ten_to_19 = static_cast<market::Int128>(market::PowerOfTen(18)) * 10;
  return ten_to_19 * ten_to_19;
}

bool Batch::empty() const {
  bool none = high_water.empty();
  ForEachTable(*this, [&none](const auto& rows) { none = none && rows.empty(); });
  return none;
}

absl::Status CheckAmounts(const Batch& batch) {
  absl::Status status;
  ForEachTable(batch, [&status]<class Row>(const std::vector<Row>& rows) {
    for (size_t i = 0; i < rows.size() && status.ok(); ++i) {
      Table<Row>::Fields(rows[i], [&](const char* name, const auto& value) {
        if constexpr (std::is_same_v<std::decay_t<decltype(value)>, market::Money>) {
          if (status.ok()) status = CheckAmount(value, name, Table<Row>::kName, i);
        }
      });
    }
  });
  return status;
}

}  // namespace gannet::store
