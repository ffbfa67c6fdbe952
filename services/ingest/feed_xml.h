// XML of strangers, made safe and well formed before a parser sees it.
//
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace gannet::ingest {

struct GuardedXml {
  std::string text;       // no document type, every entity resolved
  bool repaired = false;  // a bare "&", or a reference to an entity that nobody declared
};

// Takes the document type out and resolves entities: those of HTML by name, and
// those that the document declares as plain short text. INVALID_ARGUMENT for
// anything else an entity can do: external, nested or parameter entities, too
// many of them, or a text that grows by them ("billion laughs").
absl::StatusOr<GuardedXml> GuardXml(std::string_view utf8);

// The same document with every element closed, in the order they were opened:
// end tags without a start are dropped, missing ones are added, "<" that starts
// no tag is escaped, attributes are quoted. For documents that a parser refused.
//
// A document that ends before its root does was cut off: the item or entry in which it
// ends is left out, since half a title is another title, and an item that has lost its
// date would count as new.
struct BalancedXml {
  std::string text;
  bool item_cut = false;
};
BalancedXml BalanceXml(std::string_view guarded);

}  // namespace gannet::ingest
