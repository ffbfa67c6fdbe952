// The parameters of one request to a venue, in order, before anybody has decided
// how they travel: as a query, as a JSON body, or as the `params` of a WebSocket
// request. One encoder of an order fills them; the transports only render.
//
// Numbers are exact: decimals are digits at a scale, ids are integers or text.
// One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/container/inlined_vector.h"

namespace gannet::venue {

// mantissa · 10^-scale.
struct Decimal {
  int64_t mantissa = 0;
  int scale = 0;
  bool operator==(const Decimal&) const = default;
};

// "1.5" of 15 at scale 1; the shortest exact form, without allocation beyond `out`.
void AppendDecimal(std::string& out, Decimal value);
// With quotes; control characters, quotes and backslashes escaped (RFC 8259).
void AppendJsonString(std::string& out, std::string_view value);

class Parameters {
 public:
  enum class Kind : uint8_t {
    kText = 1,  // quoted in JSON; decimals too
    kPlain,     // quoted in JSON, and known to need no escape anywhere
    kLiteral,   // a number, true or false: bare in JSON
    kJson,      // a JSON value; in a query its text, percent-encoded
  };
  struct Entry {
    std::string_view name;
    std::string_view value;
    Kind kind;
  };

  Parameters();

  // `name` outlives this object: a literal.
  void Text(std::string_view name, std::string_view value);
  void Plain(std::string_view name, std::string_view value);  // value needs no escape
  void Add(std::string_view name, Decimal value);
  void Number(std::string_view name, int64_t value);
  // A whole number that is kept as text: bare in JSON as a number is, where it is one.
  void Digits(std::string_view name, std::string_view value);
  void Flag(std::string_view name, bool value);
  void Json(std::string_view name, std::string_view value);
  void Append(const Parameters& other);

  size_t size() const { return slots_.size(); }
  bool empty() const { return slots_.empty(); }
  Entry at(size_t index) const;

  // name=value&…, percent-encoded, behind what `out` holds; no leading '?'.
  void AppendQuery(std::string& out) const;
  // {"name":"value",…}. Where the text of `marked` stands in `out` then, within its quotes;
  // no bytes: it is not among them.
  struct Place {
    size_t at = 0, bytes = 0;
  };
  Place AppendJson(std::string& out, std::string_view marked = {}) const;
  // name=value&… sorted by name and not percent-encoded.
  std::string SortedPlain() const;

 private:
  static constexpr size_t kUsualCount = 16;  // of an order
  struct Slot {
    std::string_view name;
    uint32_t begin, end;
    Kind kind;
  };
  std::string_view ValueOf(const Slot& slot) const {
    return std::string_view(values_).substr(slot.begin, slot.end - slot.begin);
  }
  void Close(std::string_view name, size_t begin, Kind kind);

  std::string values_;  // one behind the other
  absl::InlinedVector<Slot, kUsualCount> slots_;
};

}  // namespace gannet::venue
