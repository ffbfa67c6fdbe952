// An instrument's definition as it is kept in the store, and back.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "libs/market/instrument.h"
#include "libs/store/rows.h"

namespace gannet::reporting {

store::InstrumentRow RowOf(const market::Instrument& definition);

// What booking fills needs: kind, assets, scales and multiplier, in version 0, so
// that whatever a venue announces is newer. Nothing when a scale is none.
std::optional<market::Instrument> DefinitionOf(const store::InstrumentRow& row);

// Gives the definition the digits that a price and a quantity of older scales need.
void Widen(market::Instrument& definition, const market::Money& price,
           const market::Money& quantity);

// The scales in which the versions of instruments write their numbers.
class Scales {
 public:
  struct Entry {
    int price = 0, quantity = 0;
    bool operator==(const Entry&) const = default;
  };
  void Put(const market::InstrumentId& instrument, uint32_t version, Entry entry) {
    known_[instrument][version] = entry;
  }
  // Of a version (0: the newest); of one between those heard of, or before them, the nearest
  // older one, or the oldest: few versions change a scale. Null: nothing so new is known.
  const Entry* Find(const market::InstrumentId& instrument, uint32_t version) const;
  // That very version, or the newest where none is named.
  bool Has(const market::InstrumentId& instrument, uint32_t version) const;
  const Entry* Newest(const market::InstrumentId& instrument) const { return Find(instrument, 0); }

 private:
  std::map<market::InstrumentId, std::map<uint32_t, Entry>> known_;
};

// The fill that a stored row speaks of, at the scales of `definition`. Nothing when
// price or quantity cannot be written there.
std::optional<market::Fill> FillOf(const store::FillRow& row, const market::Instrument& definition);

}  // namespace gannet::reporting
