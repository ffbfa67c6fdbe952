#include "libs/runtime/bus_link.h"

#include <algorithm>
#include <charconv>

#include "absl/strings/str_cat.h"
#include "libs/base/concat.h"
#include "libs/base/status.h"
#include "libs/bus/topics.h"
#include "libs/market/strategy_process.h"

namespace gannet::runtime {
namespace {

constexpr base::Duration kMarkInterval = std::chrono::seconds(1);
constexpr uint8_t kInputVersion = 1;

std::string MarkText(uint64_t sequence) { return absl::StrCat(sequence, "\n"); }

std::optional<uint64_t> ParseMark(std::string_view text) {
  uint64_t sequence = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), sequence);
  if (error != std::errc() || std::string_view(end, text.data() + text.size()) != "\n")
    return std::nullopt;
  return sequence;
}

bool Kept(const bus::TopicInfo& topic) {
  return topic.fact || (topic.delivery == bus::Delivery::kBlock && !topic.compacted);
}

}  // namespace

std::string BusPortName(const bus::TopicInfo& topic) { return base::Concat({"bus:", topic.name}); }

std::string EncodeBusInput(const BusInput& input) {
  wire::CanonicalWriter out;
  out.U8(kInputVersion);
  out.U32(input.position.partition);
  out.U64(input.position.offset);
  out.Bytes(input.event);
  return out.Take();
}

absl::StatusOr<BusInput> DecodeBusInput(std::string_view bytes) {
  wire::CanonicalReader in(bytes);
  const uint8_t version = in.U8();
  if (in.ok() && version != kInputVersion) {
    return absl::FailedPreconditionError(absl::StrCat("an input of the bus has format ", version,
                                                      ", this build reads ", kInputVersion));
  }
  BusInput input;
  input.position.partition = in.U32();
  input.position.offset = in.U64();
  input.event = in.Bytes();
  GANNET_RETURN_IF_ERROR(in.status());
  return input;
}

BusLink::BusLink(Shard& shard, const std::set<const bus::TopicInfo*>& made_here)
    : shard_(shard), own_stream_(market::StreamNumber(shard.options().name)) {
  for (const bus::TopicInfo* topic : shard.ForeignTopics()) {
    if (made_here.contains(topic)) continue;
    const bool kept = Kept(*topic);
    const auto handle = [this, topic, kept](bool recovering) {
      return [this, topic, kept, recovering](std::string_view bytes, const market::Header&) {
        OnRecord(*topic, kept, bytes, recovering);
      };
    };
    const InputPort port =
        shard.AddInput(BusPortName(*topic), handle(false),
                       [recover = handle(true)](std::string_view bytes) { recover(bytes, {}); });
    foreign_.push_back(std::make_unique<Foreign>(Foreign{topic, port, kept, nullptr}));
  }
  shard.AddState({"bus", [this](wire::CanonicalWriter& out) { Save(out); },
                  [this](wire::CanonicalReader& in) { return Load(in); }, nullptr});
}

BusLink::~BusLink() {
  Disconnect();
  *alive_ = false;
}

// --- coming in ---------------------------------------------------------------

absl::Status BusLink::Connect(Outside outside, journal::Reader* reader) {
  outside_ = std::make_unique<Outside>(std::move(outside));
  if (reader != nullptr) GANNET_RETURN_IF_ERROR(PublishAgain(*reader));
  WatchMark();
  return absl::OkStatus();
}

void BusLink::Subscribe() {
  for (const auto& foreign : foreign_) {
    bus::SubscribeOptions options;
    options.start = foreign->kept                                          ? bus::Start::kAt
                    : foreign->topic->delivery == bus::Delivery::kConflate ? bus::Start::kLatest
                                                                           : bus::Start::kEarliest;
    for (const auto& [place, offset] : next_) {
      if (place.first == foreign->topic->name) options.at.push_back({place.second, offset});
    }
    foreign->subscription = outside_->bus.SubscribeRaw(
        *foreign->topic, std::move(options),
        [this, raw = foreign.get()](const std::shared_ptr<const void>& event,
                                    bus::Position position) { OnEvent(*raw, event, position); });
  }
}

void BusLink::Disconnect() {
  for (const auto& foreign : foreign_) foreign->subscription.reset();
  if (outside_) outside_->disk.executor.Cancel(mark_timer_);
}

void BusLink::OnEvent(Foreign& foreign, const std::shared_ptr<const void>& event,
                      bus::Position position) {
  const bus::TopicInfo& topic = *foreign.topic;
  WatchClock(topic, topic.header(event.get()).publish_time);
  if (topic.fact && topic.header(event.get()).id.stream == own_stream_)
    return foreign.subscription->Ack(position);  // our own, which comes back
  if (foreign.kept &&
      Had({std::string(topic.name), position.partition}, topic.header(event.get()).id)) {
    ++stats_.duplicates;
    foreign.subscription->Ack(position);
    return;
  }
  std::shared_ptr<const void> passed = event;
  if (&topic == &bus::kBooks.info) {
    passed = books_.Pass(std::static_pointer_cast<const BookGate::Event>(event),
                         foreign.subscription->stats().skipped);
    stats_.books_incomplete = books_.dropped();
  }
  if (passed != nullptr) {
    shard_.Deliver(foreign.port, EncodeBusInput({position, topic.encode(passed.get())}),
                   outside_->clock.Now());
  }
  if (!foreign.kept) return foreign.subscription->Ack(position);
  shard_.AfterDurable([alive = std::weak_ptr<bool>(alive_), &foreign, position] {
    if (!alive.expired() && foreign.subscription) foreign.subscription->Ack(position);
  });
}

// What comes late may have waited; what comes from the future cannot.
void BusLink::WatchClock(const bus::TopicInfo& topic, base::Time published) {
  const base::Duration ahead = published - outside_->clock.Now();
  if (ahead <= kMostSkew) return;
  ++stats_.from_the_future;
  skewed_at_ = outside_->clock.Monotonic();
  skew_ = absl::FailedPreconditionError(base::Concat(
      {"events of ", topic.name, " were written ",
       base::FormatDuration(std::chrono::duration_cast<std::chrono::seconds>(ahead)),
       " ahead of this clock; this clock or that of their writer is wrong, set them right"}));
}

void BusLink::OnRecord(const bus::TopicInfo& topic, bool kept, std::string_view bytes,
                       bool recovering) {
  const absl::StatusOr<BusInput> input = DecodeBusInput(bytes);
  const absl::StatusOr<std::shared_ptr<const void>> event =
      input.ok() ? topic.decode(input->event) : input.status();
  if (!event.ok()) {  // the bus hands on only what it could decode: a record of another build
    ++stats_.undecodable;
    return;
  }
  if (kept) {
    Remember({std::string(topic.name), input->position.partition}, input->position.offset,
             topic.header(event->get()).id);
  }
  if (!recovering) {
    shard_.Inject(topic, *event);
  } else if (topic.fact) {
    shard_.ApplyForeign(topic, *event);
  }
}

bool BusLink::Had(const Place& place, const market::EventId& id) const {
  const auto seen = seen_.find({place, id.stream});
  return !id.empty() && seen != seen_.end() && id.sequence <= seen->second;
}

void BusLink::Remember(const Place& place, uint64_t offset, const market::EventId& id) {
  next_[place] = offset + 1;  // lower than before in a topic that was made anew
  if (!id.empty()) {
    uint64_t& seen = seen_[{place, id.stream}];
    seen = std::max(seen, id.sequence);
  }
}

// --- going out ---------------------------------------------------------------

absl::Status BusLink::PublishAgain(journal::Reader& reader) {
  if (outside_->mark_file.empty()) return absl::OkStatus();
  base::Files& files = outside_->disk.files;
  std::string text = MarkText(0);
  if (files.Exists(outside_->mark_file)) {
    GANNET_ASSIGN_OR_RETURN(text, files.Read(outside_->mark_file));
    const std::optional<uint64_t> sequence = ParseMark(text);
    if (!sequence) {
      return absl::DataLossError(
          absl::StrCat(outside_->mark_file,
                       " holds no number; remove it, and every fact kept here is published again"));
    }
    kept_ = *sequence;
  }
  mark_ = std::make_unique<MarkFile>(outside_->disk, outside_->mark_file, std::move(text));
  if (kept_ + 1 < reader.first_sequence()) lost_ = reader.first_sequence() - 1;
  GANNET_RETURN_IF_ERROR(reader.SeekAfter(std::max(kept_, lost_)));
  for (;;) {
    GANNET_ASSIGN_OR_RETURN(const std::optional<journal::Record> record, reader.Next());
    if (!record) return absl::OkStatus();
    if (shard_.PublishAgain(*record)) ++stats_.republished;
  }
}

void BusLink::WatchMark() {
  mark_timer_ = outside_->disk.executor.After(kMarkInterval, [this] {
    WatchMark();
    // A mark that cannot be written only means that more is published again.
    if (mark_ != nullptr) mark_->Keep(MarkText(kept_));
    const uint64_t sequence = shard_.sequence();
    if (sequence == kept_) return;
    shard_.AfterDurable([this, alive = std::weak_ptr<bool>(alive_), sequence] {
      if (!alive.expired()) AskWhetherKept(sequence);
    });
  });
}

void BusLink::AskWhetherKept(uint64_t sequence) {
  if (!outside_ || shard_.outer_backlog() > 0) return;
  outside_->bus.WhenKept([this, alive = std::weak_ptr<bool>(alive_), sequence] {
    if (!alive.expired()) kept_ = std::max(kept_, sequence);
  });
}

absl::Status BusLink::Close() {
  return mark_ != nullptr ? mark_->KeepNow(MarkText(kept_)) : absl::OkStatus();
}

uint64_t BusLink::published() const {
  return mark_ != nullptr ? ParseMark(mark_->written()).value_or(0) : 0;
}

absl::Status BusLink::health() const {
  for (const auto& foreign : foreign_) {
    if (!foreign->subscription) continue;
    if (absl::Status status = foreign->subscription->health(); !status.ok()) return status;
  }
  const bool lately = skewed_at_ && outside_->clock.Monotonic() - *skewed_at_ < kTellSkew;
  return lately ? skew_ : absl::OkStatus();
}

std::vector<std::string> BusLink::topics() const {
  std::vector<std::string> names;
  for (const auto& foreign : foreign_) names.emplace_back(foreign->topic->name);
  return names;
}

// --- state -------------------------------------------------------------------

void BusLink::Save(wire::CanonicalWriter& out) const {
  out.U32(static_cast<uint32_t>(next_.size()));
  for (const auto& [place, offset] : next_) {
    out.Bytes(place.first);
    out.U32(place.second);
    out.U64(offset);
  }
  out.U32(static_cast<uint32_t>(seen_.size()));
  for (const auto& [key, sequence] : seen_) {
    out.Bytes(key.first.first);
    out.U32(key.first.second);
    out.U64(key.second);
    out.U64(sequence);
  }
}

absl::Status BusLink::Load(wire::CanonicalReader& in) {
  next_.clear();
  seen_.clear();
  const auto place = [&in] {
    std::string topic = in.Bytes();
    return Place(std::move(topic), in.U32());
  };
  for (uint32_t left = in.U32(); left > 0 && in.ok(); --left) {
    const Place at = place();
    next_[at] = in.U64();
  }
  for (uint32_t left = in.U32(); left > 0 && in.ok(); --left) {
    const Place at = place();
    const uint64_t stream = in.U64();
    seen_[{at, stream}] = in.U64();
  }
  return in.status();
}

}  // namespace gannet::runtime
