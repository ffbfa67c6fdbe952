// One line of a recording, told apart by its content. The layouts: capture.h.
#pragma once

#include <optional>
#include <string_view>

#include "libs/base/time.h"
#include "libs/venue/binance/product.h"

namespace gannet::ingest {

enum class LineKind {
  kBlank,
  kNote,         // "configuration: …": the recorder's own
  kOpened,       // url
  kSent,         // url, body
  kFrame,        // body
  kAnswer,       // url, body
  kSnapshot,     // body: a depth snapshot on its own
  kInstruments,  // body: exchangeInfo on its own
  kBad,
};

struct ParsedLine {
  LineKind kind = LineKind::kBad;
  base::Time time;
  std::string_view url, body;
  std::string_view why;  // kBad
};

ParsedLine ParseCaptureLine(std::string_view line);

// "1633998512.0633569": seconds since the epoch, at most nine decimals.
std::optional<base::Time> ParseEpochSeconds(std::string_view text);
// Path and query of an absolute URL; empty when it has none.
std::string_view PathOfUrl(std::string_view url);
// By REST path or by host ("fstream.…"); nothing when the URL does not say.
std::optional<venue::binance::Product> ProductOfUrl(std::string_view url);

}  // namespace gannet::ingest
