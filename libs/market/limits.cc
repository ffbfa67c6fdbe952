#include "libs/market/limits.h"

#include <algorithm>
#include <tuple>

namespace gannet::market {

void LimitRecord::Apply(const Event<LimitEvent>& event) {
  const LimitEvent& value = event.value;
  if (value.step == LimitStep::kInForce || value.step == LimitStep::kApproved) {
    if (!in_force_ || event.header.event_time >= in_force_->header.event_time) in_force_ = event;
  }
  if (value.step == LimitStep::kProposed) {
    proposals_.try_emplace(value.proposal).first->second.proposed = event;
  } else if (const auto found = proposals_.find(value.proposal); found != proposals_.end()) {
    Proposal& proposal = found->second;
    proposal.decided = event;
    // Of the set in force both are in in_force_; nobody acts on another any more.
    proposal.decided->value.rows.clear();
    proposal.decided->value.text.clear();
    proposal.proposed.value.text.clear();
  }
  if (proposals_.size() > kKept) proposals_.erase(proposals_.begin());
}

const LimitRecord::Proposal* LimitRecord::Find(uint64_t proposal) const {
  const auto found = proposals_.find(proposal);
  return found == proposals_.end() ? nullptr : &found->second;
}

std::vector<Event<LimitEvent>> LimitRecord::Events() const {
  std::vector<Event<LimitEvent>> events;
  for (const auto& [number, proposal] : proposals_) {
    events.push_back(proposal.proposed);
    // The one in force has kept its rows there.
    const bool holds =
        proposal.decided && in_force_ && proposal.decided->header.id == in_force_->header.id;
    if (proposal.decided && !holds) events.push_back(*proposal.decided);
  }
  if (in_force_) events.push_back(*in_force_);
  std::sort(events.begin(), events.end(), [](const auto& a, const auto& b) {
    return std::tie(a.header.event_time, a.header.id.sequence) <
           std::tie(b.header.event_time, b.header.id.sequence);
  });
  return events;
}

}  // namespace gannet::market
