#include "apps/gannet/capture_feed.h"

#include <ostream>
#include <utility>

#include "absl/strings/str_format.h"
#include "libs/base/status.h"
#include "libs/market/names.h"

namespace gannet::app {
namespace {

// Lines of several connections may change places by less; a clock that was set does not.
constexpr base::Duration kNotedSetback = std::chrono::seconds(1);

std::string TopText(const market::Instrument& d, const ingest::TopOfBook& top) {
  return absl::StrFormat("%s x %s / %s x %s (update %d)", d.Format(top.bid.price),
                         d.Format(top.bid.quantity), d.Format(top.ask.price),
                         d.Format(top.ask.quantity), top.update_id);
}

void ReportInstrument(const ingest::InstrumentFeed& feed, std::ostream& out) {
  const market::Instrument& d = feed.definition();
  const ingest::AgreementCheck& check = feed.agreement();
  const ingest::BookCounters& diffs = feed.book().counters();
  const ingest::FeedCounters& c = feed.counters();
  const uint64_t compared = check.compared();
  out << absl::StrFormat("%-28s book %-8s agree %d of %d", d.id.text(),
                         feed.book().state() == market::BookState::kValid ? "VALID" : "INVALID",
                         check.agreed(), compared);
  if (compared == 0 && c.tickers == 0) {
    out << ": the capture has no bookTicker for it";
  } else if (compared == 0 && diffs.applied == 0) {
    out << ": no depth diff continued a snapshot";
  } else if (compared > 0) {
    out << absl::StrFormat(
        " (%.2f %%)", 100.0 * static_cast<double>(check.agreed()) / static_cast<double>(compared));
  }
  if (check.not_compared() > 0)
    out << absl::StrFormat(", %d without a ticker before them", check.not_compared());
  if (feed.book().state() != market::BookState::kValid)
    out << ", INVALID for " << market::Name(feed.book().fault());
  if (diffs.gaps > 0) out << absl::StrFormat(", %d gaps", diffs.gaps);
  if (diffs.crossed > 0) out << absl::StrFormat(", crossed %d times", diffs.crossed);
  const uint64_t used = diffs.applied + diffs.older + diffs.repeated;
  if (diffs.diffs > used) out << absl::StrFormat(", %d diffs not applied", diffs.diffs - used);
  if (c.trades_missed > 0) out << absl::StrFormat(", %d trades missed", c.trades_missed);
  if (c.refused > 0)
    out << absl::StrFormat(", %d values refused (last: %s)", c.refused, c.last_refusal);
  if (feed.inferred() && d.tick.mantissa == 0)
    out << ", tick and lot not known: no snapshot to infer them from";
  else if (feed.inferred())
    out << ", tick " << d.Format(d.tick) << " and lot " << d.Format(d.lot)
        << " inferred from its snapshot";
  out << "\n";
  for (const ingest::Disagreement& row : check.disagreements()) {
    out << "  differs at " << base::FormatTime(row.book.receive_time) << ": book "
        << TopText(d, row.book) << ", ticker " << TopText(d, row.ticker) << " received "
        << base::FormatTime(row.ticker.receive_time) << "\n";
  }
}

void ReportVenue(const ingest::IngestEngine& engine, std::ostream& out) {
  for (const auto& [symbol, feed] : engine.feeds()) ReportInstrument(*feed, out);
  const ingest::VenueCounters& c = engine.counters();
  if (c.undecodable > 0)
    out << absl::StrFormat("%s: %d frames could not be decoded (last: %s)\n",
                           engine.options().venue, c.undecodable, c.last_undecodable);
  if (c.undefined_symbol > 0)
    out << absl::StrFormat("%s: %d frames came before their instrument was defined\n",
                           engine.options().venue, c.undefined_symbol);
}

void ReportFile(const ingest::FileReport& file, std::ostream& out) {
  out << absl::StrFormat("%s: %d lines, %d frames, %d answers", file.path, file.lines, file.frames,
                         file.answers);
  if (file.bad > 0) out << absl::StrFormat(", %d lines of no known layout", file.bad);
  if (file.times_went_back > 0)
    out << absl::StrFormat(", %d times went back", file.times_went_back);
  if (file.unattributed > 0)
    out << absl::StrFormat(", %d snapshots without a symbol", file.unattributed);
  if (file.truncated) out << ", cut short";
  out << "\n";
  for (const std::string& quoted : file.quoted) out << "  " << quoted << "\n";
  if (file.went_back_from - file.went_back_to > kNotedSetback) {
    out << absl::StrFormat(
        "  line %d goes back from %s to %s: what follows counts as received at the later time "
        "until the recording's clock passes it; correct the recording, or cut it in two there\n",
        file.went_back_line, base::FormatTime(file.went_back_from),
        base::FormatTime(file.went_back_to));
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<CaptureFeed>> CaptureFeed::Open(const CaptureFeedOptions& options,
                                                               base::Files& files) {
  std::vector<ingest::CaptureFile> captures;
  for (const std::string& path : options.captures) captures.push_back({path, std::nullopt});
  ingest::CaptureOptions reading;
  reading.accept_truncated = options.accept_truncated;
  for (const std::string& path : options.instruments)
    reading.instrument_files.push_back({path, std::nullopt});
  GANNET_ASSIGN_OR_RETURN(ingest::CaptureSet set,
                          ingest::CaptureSet::Open(files, std::move(captures), std::move(reading)));
  std::unique_ptr<CaptureFeed> feed(new CaptureFeed(std::move(set)));
  GANNET_RETURN_IF_ERROR(feed->Advance());
  if (!feed->next_)
    return absl::InvalidArgumentError("the captures hold no message; nothing was replayed");
  feed->first_time_ = feed->next_->receive_time;
  return feed;
}

std::optional<base::Time> CaptureFeed::next_time() const {
  if (!next_) return std::nullopt;
  return next_->receive_time;
}

void CaptureFeed::Attach(VirtualHost& host) {
  for (const auto& [venue, product] : set_.venues()) {
    ingest::VenueOptions options;
    options.venue = venue;
    options.product = product;
    options.infer_definitions = true;
    venues_.push_back(std::make_unique<ingest::MarketIngest>(host.shard(), options));
    venue_pointers_.push_back(venues_.back().get());
  }
}

absl::Status CaptureFeed::Step() {
  ++inputs_;
  GANNET_RETURN_IF_ERROR(ingest::Deliver(venue_pointers_, *next_));
  return Advance();
}

absl::Status CaptureFeed::Advance() {
  GANNET_ASSIGN_OR_RETURN(next_, set_.Next());
  return absl::OkStatus();
}

void CaptureFeed::Finish() {
  for (const auto& venue : venues_) venue->engine().Finish();
}

void CaptureFeed::Report(std::ostream& out) const {
  for (const auto& venue : venues_) ReportVenue(venue->engine(), out);
  for (const ingest::FileReport& file : set_.reports()) ReportFile(file, out);
}

}  // namespace gannet::app
