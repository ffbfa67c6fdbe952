// A recorded request beside the one that our adapter makes of the same call.
#pragma once

#include <string>
#include <vector>

#include "tests/venue_conformance/rows.h"

namespace gannet::venue::conformance {

struct Credentials {
  std::string key, secret;  // HMAC
};

// A difference that we mean: one parameter that the recorded client sends, one that
// we send in its place; either may be missing.
struct Deliberate {
  std::string_view venue, path;  // path: of this endpoint and those below it
  std::string_view theirs, ours;
  bool same_value = true;
  std::string_view reason;
  // Only in requests of theirs with this parameter (of this value, unless empty).
  std::string_view when, is;
};
const std::vector<Deliberate>& DeliberateDifferences();

enum class Verdict : uint8_t { kEqual = 1, kDifferent, kUnsupported };
struct Comparison {
  Verdict verdict = Verdict::kUnsupported;
  std::string reason;                    // kUnsupported
  std::vector<std::string> differences;  // each in words
  bool deliberate = false;               // kDifferent: every one of them is in the table
  bool signed_request = false;
  bool their_signature = false;  // recomputes over their string with these credentials
};

// Verb, path and parameters as a set, from query, form and JSON body alike. Host,
// times, receive windows, response types, generated client ids and signatures stay
// aside; our signature is recomputed over our own string.
Comparison Compare(const Row& row, const Markets& markets, const Credentials& credentials);

}  // namespace gannet::venue::conformance
