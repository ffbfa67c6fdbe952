#include "apps/gannet/screen.h"

#include <algorithm>
#include <cstdlib>
#include <map>

#include "absl/strings/str_format.h"
#include "libs/market/names.h"

namespace gannet::app {
namespace {

using gateway::View;
using market::Money;

constexpr char kBold[] = "\x1b[1m", kDim[] = "\x1b[2m", kRed[] = "\x1b[31m", kGreen[] = "\x1b[32m",
               kPlain[] = "\x1b[0m";
constexpr int kWide = 100;  // columns from which on there is room for everything

// Length in cells, taking every UTF-8 sequence for one.
size_t Cells(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & '\xc0') != '\x80'; }));
}

// Cut or padded to `width` cells; control characters from outside become spaces.
std::string Fit(std::string text, size_t width) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  size_t cells = 0, end = 0;
  while (end < text.size() && cells < width) {
    ++end;
    while (end < text.size() && (text[end] & '\xc0') == '\x80') ++end;
    ++cells;
  }
  text.resize(end);
  return text + std::string(width - cells, ' ');
}

// For numbers: one that does not fit is shown as none, rather than as another.
std::string Right(const std::string& text, size_t width) {
  const size_t cells = Cells(text);
  return cells > width ? std::string(width, '#') : std::string(width - cells, ' ') + text;
}

// A line of the screen. What does not fit is left out and marked, a number with all its digits.
std::string Cut(const std::string& text, size_t width) {
  if (Cells(text) <= width) return Fit(text, width);
  const auto of_number = [](char c) {
    return (c >= '0' && c <= '9') || c == '.' || c == ',' || c == ':' || c == '/' || c == '-' ||
           c == '+';
  };
  std::string line = Fit(text, width - 1);
  if (of_number(text[line.size()]) || text[line.size()] == '%') {
    while (!line.empty() && of_number(line.back())) line.pop_back();
  }
  return line + "…";
}

std::string Clock(base::Time time) { return base::FormatTime(time).substr(11, 8); }

std::string Age(base::Duration age) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(age).count();
  if (ms < 1'000) return absl::StrFormat("%d ms", std::max<int64_t>(ms, 0));
  if (ms < 100'000) return absl::StrFormat("%.1f s", static_cast<double>(ms) / 1e3);
  return absl::StrFormat("%d min", ms / 60'000);
}

std::string Signed(const Money& amount) {
  const auto cents = market::Rescale(amount.units(), amount.scale(), 2, market::Rounding::kFloor);
  const std::string text = cents ? market::FormatDecimalFixed(*cents, 2, 2) : amount.ToString();
  return amount.units() > 0 ? "+" + text : text;
}

class Painter {
 public:
  Painter(ScreenSize size, bool colour) : size_(size), colour_(colour) {}

  size_t width() const { return static_cast<size_t>(size_.columns); }
  bool narrow() const { return size_.columns < kWide; }
  int left() const { return size_.rows - static_cast<int>(lines_.size()); }
  void Line(const std::string& text, const char* style = "") {
    if (left() <= 0) return;
    std::string line = Cut(text, width());
    line.erase(line.find_last_not_of(' ') + 1);
    lines_.push_back(colour_ && *style != '\0' ? style + line + kPlain : line);
  }
  // Beside each other, on as many lines as they need.
  void Items(const std::vector<std::string>& items, std::string_view between,
             const char* style = "") {
    std::string line;
    for (const std::string& item : items) {
      if (!line.empty() && Cells(line) + between.size() + Cells(item) > width()) {
        Line(line, style);
        line = "  ";
      } else if (!line.empty()) {
        line += between;
      }
      line += item;
    }
    if (!line.empty()) Line(line, style);
  }
  void Title(const std::string& text) {
    if (left() > 2) Line(text, kBold);
  }
  std::vector<std::string> Take() { return std::move(lines_); }

 private:
  ScreenSize size_;
  bool colour_;
  std::vector<std::string> lines_;
};

std::vector<std::string> WordsOf(const std::string& text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    if (c == ' ')
      words.emplace_back();
    else
      words.back() += c;
  }
  return words;
}

void DrawHeader(Painter& p, const View& view, const ScreenHeadline& headline, base::Time now) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(headline.running).count();
  p.Items({"Gannet", headline.mode, Clock(now) + " UTC",
           absl::StrFormat("up %d:%02d", seconds / 60, seconds % 60), headline.health,
           headline.address},
          "  ", kBold);
  if (!headline.sign_in.empty()) p.Items(WordsOf(headline.sign_in), " ", kBold);
  std::vector<std::string> feeds = {"feeds"};
  for (const auto& [name, feed] : view.feeds()) {
    feeds.push_back(
        absl::StrFormat("%s %s (%s)", name, market::Name(feed.state), Age(now - feed.since)));
  }
  if (feeds.size() == 1) feeds.emplace_back("none yet");
  p.Items(feeds, "  ");
  std::vector<std::string> risk = {"risk"};
  for (const auto& [scope, state] : view.risk_states()) {
    risk.push_back(absl::StrFormat("%s%s%s %s", market::Name(scope.kind),
                                   scope.name.empty() ? "" : " ", scope.name,
                                   market::Name(state.state)));
  }
  if (risk.size() == 1) risk.emplace_back("none yet");
  const View::Counters& c = view.counters();
  risk.push_back(absl::StrFormat("orders %d, fills %d, denied %d, unknown %d", c.orders, c.fills,
                                 c.denied, c.unknown_now));
  p.Items(risk, "  ", c.unknown_now > 0 ? kRed : "");
}

std::string Price(const View& view, const market::Quote& quote, const market::Level& level) {
  return level.quantity.mantissa == 0
             ? "-"
             : view.Format(quote.instrument, quote.instrument_version, level.price);
}

void DrawMarkets(Painter& p, const View& view, base::Time now, int most) {
  const int all = static_cast<int>(view.markets().size());
  const size_t name = p.narrow() ? 20 : 24, price = p.narrow() ? 12 : 14,
               book = p.narrow() ? 8 : 14;
  const std::string title =
      most < all ? absl::StrFormat("instrument (%d of %d)", most, all) : "instrument";
  p.Title(Fit(title, name) + Right("bid", price) + Right("ask", price) + Right("age", 9) + "  " +
          Fit("book", book) + (p.narrow() ? "down flat up" : "prediction (down flat up)"));
  int drawn = 0;
  for (const auto& [id, m] : view.markets()) {
    if (drawn++ >= most) break;
    std::string line = Fit(id.text(), name);
    if (m.quote) {
      line += Right(Price(view, *m.quote, m.quote->bid), price) +
              Right(Price(view, *m.quote, m.quote->ask), price) + Right(Age(now - m.quote_time), 9);
    } else {
      line += Fit("", 2 * price + 9);
    }
    const bool valid = m.book == market::BookState::kValid;
    line +=
        "  " + Fit(valid ? "VALID" : absl::StrFormat("INVALID %s", market::Name(m.fault)), book);
    if (m.prediction) {
      line += absl::StrFormat("%3.0f%% %3.0f%% %3.0f%%", m.prediction->down_ppm / 1e4,
                              m.prediction->flat_ppm / 1e4, m.prediction->up_ppm / 1e4);
      if (m.prediction->drift == market::DriftState::kDrifted) line += " drifted";
    }
    p.Line(line, valid ? "" : kDim);
  }
}

void DrawSignals(Painter& p, const View& view, int most) {
  p.Title("news");
  if (view.signals().empty()) p.Line("  no headline yet", kDim);
  for (const auto& signal : view.signals()) {
    if (most-- <= 0) break;
    const market::NewsSignal& s = signal.value;
    p.Line(absl::StrFormat("  %s  %-15s %+5.2f  conf %3.0f%%  %s", Clock(signal.time),
                           market::Name(s.type), s.sentiment_ppm / 1e6, s.confidence_ppm / 1e4,
                           s.title),
           s.type == market::NewsEventType::kNone ? kDim : "");
  }
}

std::string OrderLine(const View& view, const View::Order& order, bool narrow) {
  const market::ExecReport& r = order.report;
  const auto text = [&](auto number) {
    return view.Format(r.instrument, r.instrument_version, number);
  };
  const std::string line =
      "  " + Clock(order.updated) + "  " + Fit(r.strategy.text(), narrow ? 10 : 18) + " " +
      Fit(std::string(market::SymbolOf(r.instrument)), narrow ? 9 : 10) +
      Fit(market::Name(r.side), 5) +
      Right(text(r.cumulative) + "/" + text(r.quantity), narrow ? 18 : 19) + " @" +
      Right(r.price.mantissa == 0 ? "market" : text(r.price), narrow ? 10 : 12) + "  ";
  if (narrow) return line + Fit(market::Name(r.state), 11);
  return line + Fit(market::Name(r.state), 17) + (r.detail.empty() ? order.reason : r.detail);
}

void DrawOrders(Painter& p, const View& view, int most) {
  p.Title(absl::StrFormat("orders (%d open)", view.open_orders().size()));
  if (view.open_orders().empty() && view.closed_orders().empty()) p.Line("  no order yet", kDim);
  for (const auto& [id, order] : view.open_orders()) {
    if (most-- <= 0) return;
    p.Line(OrderLine(view, order, p.narrow()),
           order.report.state == market::OrderState::kUnknown ? kRed : "");
  }
  for (const auto& order : view.closed_orders()) {
    if (most-- <= 0) return;
    p.Line(OrderLine(view, order, p.narrow()), kDim);
  }
}

void DrawPositions(Painter& p, const View& view, int most) {
  const size_t strategy = p.narrow() ? 16 : 18, symbol = p.narrow() ? 10 : 12,
               net = p.narrow() ? 13 : 14, average = p.narrow() ? 14 : 17;
  p.Title(Fit("positions", 2 + strategy + symbol) + Right("net", net) + Right("average", average) +
          Right("open P&L", 12) + Right("realised", 12) + (p.narrow() ? "" : Right("fees", 10)));
  if (view.positions().empty()) p.Line("  none", kDim);
  for (const auto& [key, position] : view.positions()) {
    if (most-- <= 0) break;
    const market::PositionUpdate& v = position.value;
    const auto open = view.Unrealized(v);
    const bool loss = (open ? v.realized_pnl + *open : v.realized_pnl).units() < 0;
    p.Line("  " + Fit(v.strategy.text(), strategy - 1) + " " +
               Fit(std::string(market::SymbolOf(v.instrument)), symbol) +
               Right(view.Format(v.instrument, v.instrument_version, v.net), net) +
               Right(view.Format(v.instrument, v.instrument_version, v.average_price), average) +
               Right(open ? Signed(*open) : "?", 12) + Right(Signed(v.realized_pnl), 12) +
               (p.narrow() ? "" : Right(Signed(-v.fees), 10)),
           loss ? kRed : kGreen);
  }
  for (const auto& [asset, total] : view.ProfitByAsset()) {
    p.Items({absl::StrFormat("  P&L %s %s", Signed(total.realized + total.unrealized), asset),
             "open " + Signed(total.unrealized), "realised " + Signed(total.realized),
             "fees paid " + total.fees.ToString()},
            ", ", kBold);
  }
}

// "direction/1, next 10s: BTCUSDT up 48% down 12%, …": where the model leans most.
std::string StrongestLeans(const View& view) {
  constexpr size_t kMost = 3;
  std::vector<const market::Prediction*> all;
  for (const auto& [id, m] : view.markets()) {
    if (m.prediction) all.push_back(&*m.prediction);
  }
  if (all.empty()) return "";
  const auto lean = [](const market::Prediction& p) {
    return std::abs(static_cast<int64_t>(p.up_ppm) - static_cast<int64_t>(p.down_ppm));
  };
  std::stable_sort(all.begin(), all.end(),
                   [&lean](const auto* a, const auto* b) { return lean(*a) > lean(*b); });
  std::string text = absl::StrFormat("%s/%s, next %s:", all.front()->model, all.front()->version,
                                     base::FormatDuration(all.front()->horizon));
  for (size_t i = 0; i < std::min(kMost, all.size()); ++i) {
    const market::Prediction& p = *all[i];
    text += absl::StrFormat("%s %s up %.0f%% down %.0f%%", i == 0 ? "" : ",", p.instrument.text(),
                            p.up_ppm / 1e4, p.down_ppm / 1e4);
  }
  return text;
}

}  // namespace

std::vector<std::string> DrawScreen(const View& view, const ScreenHeadline& headline,
                                    base::Time now, ScreenSize size, bool colour) {
  Painter p(size, colour);
  DrawHeader(p, view, headline, now);
  // The rest of the height is shared out: what a person acts on gets most.
  const int rest = std::max(0, p.left() - 6);
  const int markets =
      std::min<int>(static_cast<int>(view.markets().size()), std::max(3, rest * 3 / 10));
  const int news = std::max(2, rest * 2 / 10);
  const int positions =
      std::min<int>(static_cast<int>(view.positions().size()), std::max(2, rest * 2 / 10));
  DrawMarkets(p, view, now, markets);
  DrawSignals(p, view, news);
  DrawPositions(p, view, std::max(1, positions));
  DrawOrders(p, view, std::max(1, p.left() - 1));
  return p.Take();
}

std::vector<std::string> PlainLines::Take(const View& view, const ScreenHeadline& headline,
                                          base::Time now) {
  std::vector<std::string> lines;
  const View::Counters& c = view.counters();
  const size_t new_signals = std::min<size_t>(c.signals - signals_, view.signals().size());
  for (size_t i = new_signals; i-- > 0;) {
    const View::Signal& signal = view.signals()[i];
    lines.push_back(absl::StrFormat(
        "%s news   %-15s %+5.2f  %s", Clock(signal.time), market::Name(signal.value.type),
        signal.value.sentiment_ppm / 1e6, Fit(signal.value.title, Cells(signal.value.title))));
  }
  const size_t new_fills = std::min<size_t>(c.fills - fills_, view.fills().size());
  for (size_t i = new_fills; i-- > 0;) {
    const View::FillSeen& fill = view.fills()[i];
    const market::ExecReport& r = fill.report;
    const auto text = [&](auto number) {
      return view.Format(r.instrument, r.instrument_version, number);
    };
    lines.push_back(absl::StrFormat("%s fill   %s %s %s @ %s  %s  %s", Clock(fill.time),
                                    market::Name(r.side), text(r.fill->quantity),
                                    r.instrument.text(), text(r.fill->price), r.strategy.text(),
                                    r.client_order_id.text()));
  }
  signals_ = c.signals;
  fills_ = c.fills;
  if (now < next_summary_) return lines;
  next_summary_ = now + std::chrono::seconds(10);
  if (std::string leans = StrongestLeans(view); !leans.empty())
    lines.push_back(absl::StrFormat("%s model  %s", Clock(now), leans));
  std::string pnl;
  for (const auto& [asset, total] : view.ProfitByAsset())
    pnl += absl::StrFormat("  P&L %s %s", Signed(total.realized + total.unrealized), asset);
  size_t valid = 0;
  for (const auto& [id, m] : view.markets()) valid += m.book == market::BookState::kValid ? 1 : 0;
  lines.push_back(absl::StrFormat(
      "%s status %s  books %d/%d VALID  open orders %d  fills %d  denied %d  unknown %d%s",
      Clock(now), headline.health, valid, view.markets().size(), view.open_orders().size(), c.fills,
      c.denied, c.unknown_now, pnl));
  return lines;
}

}  // namespace gannet::app
