// The words of news_wire.h. In a phrase {coin} is a coin's name, {ticker} its
// symbol, {firm} an exchange or company, {body} an authority, {n} an amount,
// {pct} a percentage, {proto} a protocol, {place} a jurisdiction.
#pragma once

#include <span>
#include <string_view>

#include "libs/market/news.h"

namespace gannet::venue_sim {

struct Phrase {
  std::string_view text;
  int direction;  // of the price: -1, 0, +1
};

struct PhraseBook {
  market::NewsEventType type;
  std::span<const Phrase> phrases;
  int weight;          // how often, relative to the others
  double least, most;  // size of the impact, relative
  bool whole_market;   // not one coin's news
};

std::span<const PhraseBook> PhraseBooks();

struct CoinName {
  std::string_view name, ticker;  // ticker: the base asset of a listed USDT market
};
std::span<const CoinName> Coins();
std::span<const std::string_view> Firms();
std::span<const std::string_view> Authorities();
std::span<const std::string_view> Protocols();
std::span<const std::string_view> Places();
std::span<const std::string_view> Details();  // sentences for summaries

}  // namespace gannet::venue_sim
