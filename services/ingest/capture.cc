#include "services/ingest/capture.h"

#include <algorithm>
#include <set>
#include <utility>

#include "libs/base/concat.h"
#include "libs/base/line_reader.h"
#include "libs/base/status.h"
#include "libs/venue/binance/market_codec.h"
#include "services/ingest/capture_line.h"

namespace gannet::ingest {
namespace {

using base::Concat;
using venue::binance::Product;

// How far a file is read ahead to learn its product and its symbols.
constexpr uint64_t kScanLines = 5'000;
constexpr int kSnapshotLimit = 1000;  // stated in the path of a snapshot that has none

std::string Printable(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 80)) out += c >= ' ' && c < 0x7f ? c : '?';
  return out;
}

// What a file says about itself before it is replayed.
struct Scan {
  std::optional<Product> product;
  std::set<std::string> symbols;
  uint64_t understood = 0;
  std::string first_bad;
};

// Contracts quoted in USD itself ("BTCUSD_PERP") are COIN-M, all others USD-M.
Product FuturesProduct(std::string_view symbol) {
  const std::string_view pair = symbol.substr(0, symbol.find('_'));
  const bool usd =
      symbol.size() > pair.size() && pair.size() > 3 && pair.substr(pair.size() - 3) == "USD";
  return usd ? Product::kCoinm : Product::kUsdm;
}

void LearnFromFrame(const venue::MarketFrame& frame, Scan& scan) {
  std::string_view symbol;
  std::optional<bool> futures;
  if (const auto* diff = std::get_if<venue::DepthDiff>(&frame)) {
    symbol = diff->symbol;
    futures = diff->previous_id.has_value();
  } else if (const auto* ticker = std::get_if<venue::BookTicker>(&frame)) {
    symbol = ticker->symbol;
    futures = ticker->event_time.has_value();
  } else if (const auto* trade = std::get_if<venue::TradeReport>(&frame)) {
    symbol = trade->symbol;
    if (!trade->execution_type.empty()) futures = true;
  } else if (const auto* kline = std::get_if<venue::Kline>(&frame)) {
    symbol = kline->symbol;
  }
  if (!symbol.empty()) scan.symbols.insert(std::string(symbol));
  if (futures && !scan.product) scan.product = *futures ? FuturesProduct(symbol) : Product::kSpot;
}

absl::StatusOr<Scan> ScanFile(base::Files& files, const std::string& path) {
  GANNET_ASSIGN_OR_RETURN(const auto reader,
                          base::LineReader::Open(files, path, kMaxCaptureLineBytes));
  venue::binance::MarketDecoder decoder;
  Scan scan;
  for (uint64_t count = 0; count < kScanLines; ++count) {
    const absl::StatusOr<std::optional<base::Line>> line = reader->Next();
    if (!line.ok() && scan.understood == 0) return line.status();
    if (!line.ok() || !*line) break;  // damage is reported where replay meets it
    const ParsedLine parsed = ParseCaptureLine((*line)->text);
    if (parsed.kind == LineKind::kBad) {
      if (scan.first_bad.empty())
        scan.first_bad = Concat({parsed.why, ": ", Printable((*line)->text)});
      continue;
    }
    if (parsed.kind == LineKind::kBlank || parsed.kind == LineKind::kNote) continue;
    ++scan.understood;
    if (!scan.product && !parsed.url.empty()) scan.product = ProductOfUrl(parsed.url);
    if (parsed.kind != LineKind::kFrame) continue;
    if (const auto frame = decoder.DecodeFrame(parsed.body); frame.ok())
      LearnFromFrame(*frame, scan);
  }
  return scan;
}

// Each depth diff of futures names the one before it (`pu`), none of spot does. Streams
// of both have the same names: taken for one, trades of the one would fill orders of the
// other.
bool IsOfOtherProduct(std::string_view frame, Product product) {
  const auto has = [frame](std::string_view what) {
    return frame.find(what) != std::string_view::npos;
  };
  return has("\"depthUpdate\"") && has("\"pu\"") == (product == Product::kSpot);
}

wire::HttpExchange Answer(std::string path, std::string_view body) {
  wire::HttpExchange exchange;
  exchange.status = 200;
  exchange.headers = {{":path", std::move(path)}};
  exchange.body = std::string(body);
  return exchange;
}

// One file, line by line.
class FileReader {
 public:
  static absl::StatusOr<std::unique_ptr<FileReader>> Open(base::Files& files, CaptureFile file,
                                                          size_t index, bool accept_truncated);

  // Reads up to the next line that is an input; head() is empty at the end.
  absl::Status Advance();
  const std::optional<CaptureLine>& head() const { return head_; }
  CaptureLine Take() { return *std::exchange(head_, std::nullopt); }
  FileReport& report() { return report_; }
  const FileReport& report() const { return report_; }

 private:
  FileReader(CaptureFile file, size_t index, bool accept_truncated, Scan scan,
             std::unique_ptr<base::LineReader> reader)
      : index_(index),
        accept_truncated_(accept_truncated),
        symbols_(std::move(scan.symbols)),
        reader_(std::move(reader)) {
    report_.path = std::move(file.path);
    report_.product_given = file.product.has_value();
    report_.product = file.product ? *file.product : *scan.product;
  }

  void Count(const ParsedLine& parsed, const base::Line& line);
  void Bad(const base::Line& line, std::string_view why);
  // The input that a line is; nothing when it is none.
  std::optional<std::variant<wire::StreamEvent, wire::HttpExchange>> InputOf(
      const ParsedLine& parsed, const base::Line& line);
  CaptureLine Framed(std::variant<wire::StreamEvent, wire::HttpExchange> input, base::Time time,
                     uint64_t line) const;
  std::string Connection() const { return Concat({"capture/", std::to_string(index_)}); }

  const size_t index_;
  const bool accept_truncated_;
  const std::set<std::string> symbols_;
  std::unique_ptr<base::LineReader> reader_;
  FileReport report_;
  bool opened_ = false;
  std::optional<CaptureLine> head_;
  std::optional<CaptureLine> after_head_;  // the input that an opening was put before
};

absl::StatusOr<std::unique_ptr<FileReader>> FileReader::Open(base::Files& files, CaptureFile file,
                                                             size_t index, bool accept_truncated) {
  GANNET_ASSIGN_OR_RETURN(Scan scan, ScanFile(files, file.path));
  if (scan.understood == 0) {
    return absl::InvalidArgumentError(Concat(
        {file.path, ": no line is in a capture layout we know", scan.first_bad.empty() ? "" : " (",
         scan.first_bad, scan.first_bad.empty() ? "" : ")", "; see services/ingest/README.md"}));
  }
  if (!file.product && !scan.product) {
    return absl::InvalidArgumentError(Concat({file.path,
                                              ": cannot tell which Binance product this is: "
                                              "neither its requests nor its streams say so; "
                                              "record its depth or bookTicker in the same file"}));
  }
  GANNET_ASSIGN_OR_RETURN(auto reader,
                          base::LineReader::Open(files, file.path, kMaxCaptureLineBytes));
  return std::unique_ptr<FileReader>(
      new FileReader(std::move(file), index, accept_truncated, std::move(scan), std::move(reader)));
}

void FileReader::Bad(const base::Line& line, std::string_view why) {
  ++report_.bad;
  if (report_.quoted.size() >= kMaxQuotedLines) return;
  report_.quoted.push_back(
      Concat({"line ", std::to_string(line.number), ": ", why, ": ", Printable(line.text)}));
}

void FileReader::Count(const ParsedLine& parsed, const base::Line& line) {
  ++report_.lines;
  switch (parsed.kind) {
    case LineKind::kBlank:
      ++report_.blank;
      return;
    case LineKind::kNote:
      ++report_.notes;
      return;
    case LineKind::kBad:
      Bad(line, parsed.why);
      return;
    case LineKind::kOpened:
      ++report_.opened;
      break;
    case LineKind::kSent:
      ++report_.sent;
      break;
    case LineKind::kFrame:
      ++report_.frames;
      break;
    case LineKind::kAnswer:
    case LineKind::kSnapshot:
    case LineKind::kInstruments:
      ++report_.answers;
      break;
  }
  if (report_.first_time == base::Time{}) report_.first_time = parsed.time;
  if (parsed.time < report_.last_time && report_.times_went_back++ == 0) {
    report_.went_back_line = line.number;
    report_.went_back_from = report_.last_time;
    report_.went_back_to = parsed.time;
  }
  report_.last_time = std::max(report_.last_time, parsed.time);
}

std::optional<std::variant<wire::StreamEvent, wire::HttpExchange>> FileReader::InputOf(
    const ParsedLine& parsed, const base::Line& line) {
  using Kind = wire::StreamEvent::Kind;
  switch (parsed.kind) {
    case LineKind::kOpened:
      return wire::StreamEvent{Connection(), Kind::kOpened, std::string(parsed.url)};
    case LineKind::kFrame:
      return wire::StreamEvent{Connection(), Kind::kFrame, std::string(parsed.body)};
    case LineKind::kAnswer:
      return Answer(std::string(PathOfUrl(parsed.url)), parsed.body);
    case LineKind::kInstruments:
      return Answer(venue::binance::ExchangeInfoPath(report_.product, {}), parsed.body);
    case LineKind::kSnapshot:
      if (symbols_.size() == 1) {
        return Answer(venue::binance::DepthPath(report_.product, *symbols_.begin(), kSnapshotLimit),
                      parsed.body);
      }
      ++report_.unattributed;
      Bad(line, "a snapshot without a symbol in a file of several");
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

CaptureLine FileReader::Framed(std::variant<wire::StreamEvent, wire::HttpExchange> input,
                               base::Time time, uint64_t line) const {
  CaptureLine out;
  out.receive_time = time;
  out.product = report_.product;
  out.venue = std::string(venue::binance::DefaultVenueName(report_.product));
  out.input = std::move(input);
  out.file = index_;
  out.line = line;
  return out;
}

absl::Status FileReader::Advance() {
  head_ = std::exchange(after_head_, std::nullopt);
  while (!head_) {
    const absl::StatusOr<std::optional<base::Line>> line = reader_->Next();
    if (!line.ok()) {
      report_.truncated = reader_->truncated();
      if (report_.truncated && accept_truncated_) return absl::OkStatus();
      return line.status();
    }
    if (!*line) return absl::OkStatus();
    ParsedLine parsed = ParseCaptureLine((*line)->text);
    if ((*line)->too_long) parsed = {LineKind::kBad, {}, {}, {}, "longer than the limit of 64 MiB"};
    Count(parsed, **line);
    if (parsed.kind == LineKind::kFrame && IsOfOtherProduct(parsed.body, report_.product)) {
      return absl::InvalidArgumentError(
          Concat({report_.path, ": line ", std::to_string((*line)->number), ": a depth diff of ",
                  report_.product == Product::kSpot ? "futures" : "spot", " in a file of ",
                  venue::binance::DefaultVenueName(report_.product),
                  "; split it into one file for each product"}));
    }
    auto input = InputOf(parsed, **line);
    if (!input) continue;
    head_ = Framed(*std::move(input), parsed.time, (*line)->number);
    const bool of_a_stream = parsed.kind == LineKind::kFrame || parsed.kind == LineKind::kSnapshot;
    if (of_a_stream && !opened_) {  // the recorder kept no opening: frames prove one
      after_head_ = std::exchange(
          head_, Framed(wire::StreamEvent{Connection(), wire::StreamEvent::Kind::kOpened, ""},
                        parsed.time, (*line)->number));
    }
    opened_ |= of_a_stream || parsed.kind == LineKind::kOpened;
  }
  return absl::OkStatus();
}

Product ProductOfInstruments(std::string_view body) {
  const auto has = [body](std::string_view what) {
    return body.find(what) != std::string_view::npos;
  };
  if (has("\"contractSize\"")) return Product::kCoinm;
  return has("\"contractType\"") ? Product::kUsdm : Product::kSpot;
}

// An exchangeInfo document, over one line or many, or a recording of its answer.
absl::StatusOr<CaptureLine> ReadInstrumentFile(base::Files& files, const CaptureFile& file,
                                               size_t index, FileReport& report) {
  GANNET_ASSIGN_OR_RETURN(const auto reader,
                          base::LineReader::Open(files, file.path, kMaxCaptureLineBytes));
  std::string body;
  std::optional<Product> product = file.product;
  for (;;) {
    GANNET_ASSIGN_OR_RETURN(const std::optional<base::Line> line, reader->Next());
    if (!line) break;
    ++report.lines;
    const ParsedLine parsed = ParseCaptureLine(line->text);
    if (parsed.kind == LineKind::kAnswer && body.empty()) {
      body = std::string(parsed.body);
      if (!product) product = ProductOfUrl(parsed.url);
      break;
    }
    if (line->too_long || body.size() + line->text.size() > venue::kMaxDocumentBytes) {
      return absl::InvalidArgumentError(
          Concat({file.path, ": longer than 64 MiB; is this an exchangeInfo answer?"}));
    }
    body.append(line->text).append("\n");
  }
  report.path = file.path;
  report.product_given = file.product.has_value();
  report.product = product ? *product : ProductOfInstruments(body);
  venue::binance::MarketDecoder decoder;
  const auto info = decoder.DecodeExchangeInfo(body, report.product, "check");
  if (!info.ok()) return base::Annotate(info.status(), file.path);
  if (info->instruments.empty()) {
    return absl::InvalidArgumentError(
        Concat({file.path, ": defines no instrument; is this an exchangeInfo answer?"}));
  }
  report.answers = 1;
  CaptureLine line;
  line.product = report.product;
  line.venue = std::string(venue::binance::DefaultVenueName(report.product));
  line.input = Answer(venue::binance::ExchangeInfoPath(report.product, {}), body);
  line.file = index;
  line.line = 1;
  return line;
}

}  // namespace

class CaptureSet::Impl {
 public:
  absl::Status Open(base::Files& files, std::vector<CaptureFile> captures, CaptureOptions options);
  absl::StatusOr<std::optional<CaptureLine>> Next();
  std::vector<FileReport> reports() const;

 private:
  FileReader* Earliest();

  std::vector<std::unique_ptr<FileReader>> readers_;
  std::vector<CaptureLine> instruments_;  // not yet delivered, last first
  std::vector<FileReport> instrument_reports_;
  bool started_ = false;
  absl::Status failure_;  // returned after the lines that were read before it
};

absl::Status CaptureSet::Impl::Open(base::Files& files, std::vector<CaptureFile> captures,
                                    CaptureOptions options) {
  if (captures.empty()) return absl::InvalidArgumentError("no capture file was named");
  for (size_t i = 0; i < captures.size(); ++i) {
    GANNET_ASSIGN_OR_RETURN(
        auto reader, FileReader::Open(files, std::move(captures[i]), i, options.accept_truncated));
    readers_.push_back(std::move(reader));
  }
  for (const CaptureFile& file : options.instrument_files) {
    FileReport report;
    GANNET_ASSIGN_OR_RETURN(
        CaptureLine line,
        ReadInstrumentFile(files, file, readers_.size() + instrument_reports_.size(), report));
    instruments_.insert(instruments_.begin(), std::move(line));
    instrument_reports_.push_back(std::move(report));
  }
  return absl::OkStatus();
}

FileReader* CaptureSet::Impl::Earliest() {
  FileReader* earliest = nullptr;
  for (const auto& reader : readers_) {
    if (!reader->head()) continue;
    if (earliest == nullptr || reader->head()->receive_time < earliest->head()->receive_time)
      earliest = reader.get();
  }
  return earliest;
}

absl::StatusOr<std::optional<CaptureLine>> CaptureSet::Impl::Next() {
  if (!started_) {
    started_ = true;
    for (const auto& reader : readers_) GANNET_RETURN_IF_ERROR(failure_ = reader->Advance());
  }
  GANNET_RETURN_IF_ERROR(failure_);
  FileReader* const reader = Earliest();
  if (reader == nullptr) return std::optional<CaptureLine>();
  if (!instruments_.empty()) {
    CaptureLine line = std::move(instruments_.back());
    instruments_.pop_back();
    line.receive_time = reader->head()->receive_time;
    return std::optional(std::move(line));
  }
  CaptureLine line = reader->Take();
  failure_ = reader->Advance();
  return std::optional(std::move(line));
}

std::vector<FileReport> CaptureSet::Impl::reports() const {
  std::vector<FileReport> out;
  for (const auto& reader : readers_) out.push_back(reader->report());
  out.insert(out.end(), instrument_reports_.begin(), instrument_reports_.end());
  return out;
}

CaptureSet::CaptureSet(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CaptureSet::CaptureSet(CaptureSet&&) noexcept = default;
CaptureSet& CaptureSet::operator=(CaptureSet&&) noexcept = default;
CaptureSet::~CaptureSet() = default;

absl::StatusOr<CaptureSet> CaptureSet::Open(base::Files& files, std::vector<CaptureFile> captures,
                                            CaptureOptions options) {
  auto impl = std::make_unique<Impl>();
  GANNET_RETURN_IF_ERROR(impl->Open(files, std::move(captures), std::move(options)));
  return CaptureSet(std::move(impl));
}

absl::StatusOr<std::optional<CaptureLine>> CaptureSet::Next() { return impl_->Next(); }
std::vector<FileReport> CaptureSet::reports() const { return impl_->reports(); }

std::vector<std::pair<std::string, Product>> CaptureSet::venues() const {
  std::vector<std::pair<std::string, Product>> out;
  for (const FileReport& report : impl_->reports()) {
    const std::pair venue(std::string(venue::binance::DefaultVenueName(report.product)),
                          report.product);
    if (std::find(out.begin(), out.end(), venue) == out.end()) out.push_back(venue);
  }
  return out;
}

}  // namespace gannet::ingest
