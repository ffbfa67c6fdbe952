#include "apps/gannet/recorded_feed.h"

#include <algorithm>
#include <array>
#include <ostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "libs/base/status.h"

namespace gannet::app {
namespace {

// What a replay decides on, in the order of the table.
constexpr std::array kInputs = {
    &bus::kInstruments.info, &bus::kTrades.info,       &bus::kBooks.info,  &bus::kQuotes.info,
    &bus::kBars.info,        &bus::kMarketStatus.info, &bus::kNewsRaw.info};
constexpr size_t kNoInput = kInputs.size();

size_t InputOf(std::string_view topic) {
  const auto found = std::find_if(kInputs.begin(), kInputs.end(),
                                  [&](const bus::TopicInfo* one) { return one->name == topic; });
  return static_cast<size_t>(found - kInputs.begin());
}

template <class T>
std::shared_ptr<const market::Event<T>> As(const std::shared_ptr<const void>& event) {
  return std::static_pointer_cast<const market::Event<T>>(event);
}

bool SameLevel(const market::Level& quoted, const std::optional<market::Level>& best) {
  return best ? quoted == *best : quoted.quantity == market::Quantity{};
}

}  // namespace

absl::StatusOr<std::unique_ptr<RecordedFeed>> RecordedFeed::Open(const RecordedFeedOptions& options,
                                                                 base::Files& files) {
  std::unique_ptr<RecordedFeed> feed(new RecordedFeed(options, files));
  GANNET_RETURN_IF_ERROR(feed->Read(files));
  GANNET_RETURN_IF_ERROR(feed->sorter_.Finish());
  GANNET_RETURN_IF_ERROR(feed->Advance());
  if (!feed->next_) {
    return absl::InvalidArgumentError(absl::StrCat(
        options.folder,
        " holds no market data and no news of that time; see what it holds with gannet "
        "journal dump"));
  }
  const EventKey first = feed->next_->key;
  feed->first_time_ = options.from ? *options.from : base::FromUnixNanos(first.time);
  // Those that the recording would need and that came earlier, at the beginning.
  const int64_t begin = base::UnixNanos(feed->first_time_);
  for (auto& [key, versions] : feed->definitions_) {
    auto newest = versions.lower_bound(EventKey{.time = begin});
    if (newest == versions.begin()) continue;
    --newest;
    SortedEvent event{newest->first, std::move(newest->second)};
    event.key.time = begin;
    feed->first_.push_back(std::move(event));
  }
  feed->definitions_.clear();
  if (!feed->first_.empty()) {
    feed->first_.push_back(*std::move(feed->next_));
    feed->next_ = std::move(feed->first_.front());
    feed->first_.pop_front();
  }
  return feed;
}

absl::Status RecordedFeed::Read(base::Files& files) {
  const std::string below = options_.folder + "/journal";
  GANNET_ASSIGN_OR_RETURN(
      const auto reader,
      journal::Reader::Open(files, files.Exists(below) ? below : options_.folder));
  for (;;) {
    GANNET_ASSIGN_OR_RETURN(const std::optional<journal::Record> record, reader->Next());
    if (!record) return absl::OkStatus();
    if (!journal::IsRecording(reader->info())) {
      return absl::FailedPreconditionError(
          absl::StrCat(options_.folder,
                       " is the journal of a program and no recording; decide it again with gannet "
                       "journal replay"));
    }
    if (record->channel == journal::kGapChannel) {
      GANNET_ASSIGN_OR_RETURN(const journal::RecordedGap gap, journal::DecodeGap(record->payload));
      TakeGap(gap);
    } else if (record->channel == journal::kRepeatChannel) {
      GANNET_ASSIGN_OR_RETURN(const journal::RecordedRepeat repeat,
                              journal::DecodeRepeat(record->payload));
      const size_t topic = InputOf(repeat.topic);
      if (topic != kNoInput) GANNET_RETURN_IF_ERROR(Take(topic, repeat.message, /*repeat=*/true));
    } else if (const size_t topic = InputOf(record->channel); topic != kNoInput) {
      GANNET_ASSIGN_OR_RETURN(const journal::RecordedMessage message,
                              journal::DecodeRecorded(record->payload));
      GANNET_RETURN_IF_ERROR(Take(topic, message, /*repeat=*/false));
    }
  }
}

void RecordedFeed::TakeGap(const journal::RecordedGap& gap) {
  if (InputOf(gap.topic) == kNoInput) return;
  ++gaps_[gap.reason];
  missing_ += gap.count;
  // Another start of a producer begins with whole books.
  if (gap.topic == bus::kBooks.info.name && gap.reason != journal::RecordedGapReason::kProducer)
    book_gaps_.insert({gap.partition, gap.to});
}

absl::Status RecordedFeed::Take(size_t topic, const journal::RecordedMessage& message,
                                bool repeat) {
  const bus::TopicInfo& info = *kInputs[topic];
  if (!message.payload) return absl::OkStatus();  // a compacted topic's deletion
  const absl::StatusOr<std::shared_ptr<const void>> event = info.decode(*message.payload);
  if (!event.ok()) {
    ++undecodable_;
    return absl::OkStatus();
  }
  const market::Header& header = info.header(event->get());
  const EventKey key{.time = base::UnixNanos(header.publish_time),
                     .sequence = header.id.sequence,
                     .stream = header.id.stream,
                     .topic = static_cast<uint32_t>(topic),
                     .partition = message.partition,
                     .offset = message.offset};
  if (info.compacted) definitions_[info.key(event->get())][key] = *message.payload;
  const bool within = (!options_.from || header.publish_time >= *options_.from) &&
                      (!options_.to || header.publish_time < *options_.to);
  if (!within || repeat) return absl::OkStatus();
  ++read_;
  return sorter_.Add(key, *message.payload);
}

std::optional<base::Time> RecordedFeed::next_time() const {
  if (!next_) return std::nullopt;
  return base::FromUnixNanos(next_->key.time);
}

absl::Status RecordedFeed::Advance() {
  if (!first_.empty()) {
    next_ = std::move(first_.front());
    first_.pop_front();
    return absl::OkStatus();
  }
  const auto same = [](const EventKey& a, const EventKey& b) {
    return a.stream == b.stream && a.sequence == b.sequence && a.topic == b.topic && a.stream != 0;
  };
  const EventKey before = next_ ? next_->key : EventKey{};  // stream 0: none
  for (;;) {
    GANNET_ASSIGN_OR_RETURN(next_, sorter_.Next());
    if (!next_ || !same(before, next_->key)) return absl::OkStatus();
    ++twice_;
  }
}

void RecordedFeed::Attach(VirtualHost& host) {
  shard_ = &host.shard();
  link_ = std::make_unique<runtime::BusLink>(*shard_, std::set<const bus::TopicInfo*>());
  for (const bus::TopicInfo* topic : kInputs)
    ports_.push_back(shard_->FindInput(runtime::BusPortName(*topic)));
}

absl::Status RecordedFeed::Step() {
  const SortedEvent& event = *next_;
  const bus::TopicInfo& topic = *kInputs[event.key.topic];
  runtime::BusInput input{{event.key.partition, event.key.offset}, event.bytes};
  bool passes = true;
  if (&topic == &bus::kBooks.info) {
    GANNET_ASSIGN_OR_RETURN(const auto decoded, topic.decode(event.bytes));
    const auto update = As<market::BookUpdate>(decoded);
    gaps_in_books_ += book_gaps_.erase({event.key.partition, event.key.offset});
    const auto passed = gate_.Pass(update, gaps_in_books_);
    passes = passed != nullptr;
    if (passes) Follow(passed->value);
    if (passes && passed != update) input.event = topic.encode(passed.get());
  } else if (&topic == &bus::kQuotes.info) {
    GANNET_ASSIGN_OR_RETURN(const auto decoded, topic.decode(event.bytes));
    Compare(As<market::Quote>(decoded)->value);
  }
  if (const auto port = ports_[event.key.topic]; port && passes) {
    ++inputs_;
    shard_->Deliver(*port, runtime::EncodeBusInput(input), base::FromUnixNanos(event.key.time));
  }
  return Advance();
}

// --- how far it can be trusted -------------------------------------------------

void RecordedFeed::Follow(const market::BookUpdate& update) {
  BookCheck& check = books_[update.instrument];
  ++check.updates;
  check.state = update.state;
  if (update.snapshot || update.state != market::BookState::kValid) check.book.Clear();
  for (const market::Level& level : update.bids)
    check.book.Set(market::Side::kBuy, level.price, level.quantity);
  for (const market::Level& level : update.asks)
    check.book.Set(market::Side::kSell, level.price, level.quantity);
  check.last_update_id = update.last_update_id;
  check.crossed += check.book.crossed();
}

// A quote of the same update says what the book must say.
void RecordedFeed::Compare(const market::Quote& quote) {
  const auto found = books_.find(quote.instrument);
  if (found == books_.end() || found->second.state != market::BookState::kValid ||
      found->second.last_update_id != quote.update_id)
    return;
  BookCheck& check = found->second;
  ++check.quotes;
  check.differ += !SameLevel(quote.bid, check.book.best(market::Side::kBuy)) ||
                  !SameLevel(quote.ask, check.book.best(market::Side::kSell));
}

void RecordedFeed::Report(std::ostream& out) const {
  for (const auto& [instrument, check] : books_) {
    out << absl::StrFormat("%-28s book %-8s %d updates, agrees with %d of %d quotes",
                           instrument.text(),
                           check.state == market::BookState::kValid ? "VALID" : "INVALID",
                           check.updates, check.quotes - check.differ, check.quotes);
    if (check.crossed > 0) out << absl::StrFormat(", crossed %d times", check.crossed);
    out << "\n";
  }
  out << absl::StrFormat("%s: %d events", options_.folder, read_);
  if (twice_ > 0) out << absl::StrFormat(", %d more were there twice", twice_);
  if (undecodable_ > 0) out << absl::StrFormat(", %d could not be decoded", undecodable_);
  if (gate_.dropped() > 0)
    out << absl::StrFormat(", %d changes of books without the whole book before them",
                           gate_.dropped());
  if (sorter_.runs() > 0) out << absl::StrFormat(", sorted in %d files", sorter_.runs());
  out << "\n";
  for (const auto& [reason, count] : gaps_)
    out << absl::StrFormat("  %d gaps in the recording: %s\n", count,
                           std::string(journal::Name(reason)));
  if (missing_ > 0) out << absl::StrFormat("  %d messages are missing in it\n", missing_);
}

}  // namespace gannet::app
