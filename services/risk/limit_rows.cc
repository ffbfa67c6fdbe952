// Limits as rows and as changes: for people and for those who watch.
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "services/risk/limits.h"

namespace gannet::risk {
namespace {

using market::LimitRow;
using market::Money;
using market::ScopeKind;

constexpr int kNanoScale = 9;

// Amounts of the instrument itself, not of the valuation asset.
bool IsQuantity(std::string_view name) { return name.ends_with("_quantity"); }
constexpr char kQuantityUnit[] = "of the instrument";

LimitRow RowOf(const LimitSet& set, Value value) {
  return {.value = Money(value, kValueScale), .asset = set.valuation_asset};
}
LimitRow RowOf(const LimitSet&, int64_t ppm) { return {.value = Money(ppm, 0), .unit = "ppm"}; }
LimitRow RowOf(const LimitSet&, uint32_t count) { return {.value = Money(count, 0)}; }
LimitRow RowOf(const LimitSet&, base::Duration duration) {
  return {.value = Money(std::chrono::nanoseconds(duration).count(), kNanoScale), .unit = "s"};
}
LimitRow RowOf(const LimitSet&, const RateLimit& rate) {
  return {.value = Money(rate.count, 0),
          .unit = absl::StrCat("in ", base::FormatDuration(rate.window))};
}

// What has no amount: the unit says it.
template <class T>
LimitRow RowOf(const LimitSet&, const T& said) {
  return {.value = Money(1, 0), .unit = FormatLimit(said)};
}

std::string TextOf(const LimitSet& set, Value value) {
  return absl::StrCat(FormatValue(value), " ", set.valuation_asset.text());
}
template <class T>
std::string TextOf(const LimitSet&, const T& value) {
  return FormatLimit(value);
}

void AddRows(const LimitSet& set, const market::Scope& scope, const Limits& limits,
             std::vector<LimitRow>& out) {
  ForEachLimit([&](const char* name, auto member) {
    if (!(limits.*member)) return;
    LimitRow row = RowOf(set, *(limits.*member));
    row.scope = scope;
    row.name = name;
    if (IsQuantity(name)) {
      row.asset = {};
      row.unit = kQuantityUnit;
    }
    out.push_back(std::move(row));
  });
}

using Named = std::map<std::string, Limits>;
constexpr std::pair<ScopeKind, Named LimitSet::*> kKinds[] = {
    {ScopeKind::kAccount, &LimitSet::accounts},
    {ScopeKind::kStrategy, &LimitSet::strategies},
    {ScopeKind::kVenue, &LimitSet::venues},
    {ScopeKind::kInstrument, &LimitSet::instruments}};

class Differences {
 public:
  Differences(const LimitSet& before, const LimitSet& after) : before_(before), after_(after) {}

  // Null: the scope is not named.
  void Add(const market::Scope& scope, const Limits* before, const Limits* after) {
    static const Limits kNone;
    const auto named = [](const Limits* limits) { return limits != nullptr ? "named" : ""; };
    if ((before == nullptr) != (after == nullptr))
      changes_.push_back({scope, "(entry)", named(before), named(after)});
    const Limits& was = before != nullptr ? *before : kNone;
    const Limits& is = after != nullptr ? *after : kNone;
    ForEachLimit([&](const char* name, auto member) {
      if (was.*member == is.*member) return;
      const auto text = [name, member](const LimitSet& set, const Limits& limits) {
        if (!(limits.*member)) return std::string();
        return IsQuantity(name) ? FormatLimit(*(limits.*member)) : TextOf(set, *(limits.*member));
      };
      changes_.push_back({scope, name, text(before_, was), text(after_, is)});
    });
  }
  std::vector<market::LimitChange> Take() { return std::move(changes_); }

 private:
  const LimitSet& before_;
  const LimitSet& after_;
  std::vector<market::LimitChange> changes_;
};

const Limits* Find(const Named& named, const std::string& name) {
  const auto found = named.find(name);
  return found == named.end() ? nullptr : &found->second;
}

}  // namespace

std::vector<LimitRow> RowsOf(const LimitSet& set, const market::Scope& scope) {
  std::vector<LimitRow> rows;
  AddRows(set, scope, set.Of(scope), rows);
  return rows;
}

std::vector<LimitRow> RowsOf(const LimitSet& set) {
  std::vector<LimitRow> rows = RowsOf(set, {ScopeKind::kFirm, ""});
  for (const auto& [kind, member] : kKinds) {
    for (const auto& [name, stated] : set.*member)
      AddRows(set, {kind, name}, name == kDefaultEntry ? stated : set.Of({kind, name}), rows);
  }
  return rows;
}

std::vector<market::LimitChange> ChangesOf(const LimitSet& before, const LimitSet& after) {
  Differences differences(before, after);
  differences.Add({ScopeKind::kFirm, ""}, &before.firm, &after.firm);
  for (const auto& [kind, member] : kKinds) {
    Named all = before.*member;
    all.insert((after.*member).begin(), (after.*member).end());
    for (const auto& [name, limits] : all)
      differences.Add({kind, name}, Find(before.*member, name), Find(after.*member, name));
  }
  return differences.Take();
}

}  // namespace gannet::risk
