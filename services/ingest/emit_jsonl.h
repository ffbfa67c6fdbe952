// One normalised event a line, as JSON: what `gannet replay --emit jsonl` prints.
// The schema is docs/events-jsonl.md. Exact: prices, quantities and amounts are
// decimal strings, ids are numbers, times are integers in ns since the epoch.
//
// Pure: appends to the string it is given. Definitions must be seen (OnInstrument)
// before what refers to them; an event of an unknown or differently scaled version
// is not printed and counted.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "libs/market/header.h"
#include "libs/market/instrument.h"
#include "libs/market/market_data.h"

namespace gannet::ingest {

class JsonlEmitter {
 public:
  // Each appends one line with its newline.
  void Emit(const market::Event<market::Instrument>& event, std::string& out);
  void Emit(const market::Event<market::Trade>& event, std::string& out);
  void Emit(const market::Event<market::Quote>& event, std::string& out);
  void Emit(const market::Event<market::BookUpdate>& event, std::string& out);
  void Emit(const market::Event<market::Bar>& event, std::string& out);
  void Emit(const market::Event<market::MarketStatus>& event, std::string& out);

  uint64_t not_emitted() const { return not_emitted_; }

 private:
  // The definition that an event speaks of.
  const market::Instrument* Find(const market::InstrumentId& id, uint32_t version);

  std::map<market::InstrumentId, market::Instrument> known_;
  uint64_t not_emitted_ = 0;
};

}  // namespace gannet::ingest
