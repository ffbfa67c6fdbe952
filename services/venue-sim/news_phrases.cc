#include "services/venue-sim/news_phrases.h"

namespace gannet::venue_sim {
namespace {

using market::NewsEventType;

constexpr Phrase kHack[] = {
    {"{coin} bridge drained of ${n} million in overnight exploit", -1},
    {"{proto} on {coin} loses ${n} million after flash loan attack", -1},
    {"Hackers steal ${n} million in {ticker} from {firm} hot wallet", -1},
    {"{firm} halts {ticker} withdrawals after security breach", -1},
    {"Exploit in {coin} smart contract lets attacker mint tokens", -1},
    {"{firm} confirms breach: private keys of {ticker} wallets compromised", -1},
    {"Attacker drains {proto} liquidity pools, {ticker} holders hit", -1},
    {"Security firm warns of critical vulnerability in {coin} wallet software", -1},
    {"{coin} validator keys leaked, ${n} million moved by attacker", -1},
    {"Phishing campaign empties {coin} wallets of ${n} million", -1},
    {"{proto} paused after oracle manipulation costs ${n} million", -1},
    {"{coin} network suffers double spend, exchanges raise confirmations", -1},
    {"Stolen funds: {proto} exploiter moves ${n} million in {ticker} to a mixer", -1},
    {"{firm} says no customer funds lost in attempted {ticker} wallet hack", 0},
    {"White hat returns ${n} million taken from {coin} protocol {proto}", 1},
    {"{proto} recovers most of the ${n} million lost in {coin} exploit", 1},
};
constexpr Phrase kRegulation[] = {
    {"{body} sues {firm} over unregistered {ticker} offering", -1},
    {"{body} opens investigation into {coin} foundation", -1},
    {"{place} bans retail trading of {coin} derivatives", -1},
    {"{body} delays decision on spot {coin} ETF", -1},
    {"{body} classifies {coin} as a security in new filing", -1},
    {"{body} fines {firm} ${n} million over anti-money-laundering failures", -1},
    {"{place} lawmakers propose tighter rules for {coin} staking", -1},
    {"{firm} to delist {ticker} in {place} on regulatory grounds", -1},
    {"{body} orders {firm} to stop offering {ticker} to retail clients", -1},
    {"{body} approves first spot {coin} ETF", 1},
    {"{body} drops case against {coin} developers", 1},
    {"{place} grants {firm} a licence to offer {ticker} custody", 1},
    {"Court rules {coin} sales were not securities offerings", 1},
    {"{place} passes bill recognising {coin} as legal means of payment", 1},
    {"{body} gives banks the green light to hold {coin}", 1},
    {"{body} publishes draft guidance on {coin} taxation", 0},
    {"{place} opens consultation on {coin} stablecoin rules", 0},
};
constexpr Phrase kPartnership[] = {
    {"{firm} partners with {coin} foundation on cross-border payments", 1},
    {"{firm} integrates {coin} for merchant settlement", 1},
    {"{firm} to accept {ticker} in {place} from next month", 1},
    {"{coin} teams up with {firm} to tokenise treasury funds", 1},
    {"{firm} adds {coin} to its treasury with ${n} million purchase", 1},
    {"{firm} launches {ticker} custody service for institutions", 1},
    {"{coin} and {proto} announce strategic collaboration", 1},
    {"{firm} signs agreement to build loyalty programme on {coin}", 1},
    {"{firm} invests ${n} million in {coin} ecosystem fund", 1},
    {"{firm} selects {coin} for supply chain pilot in {place}", 1},
    {"{firm} lists {ticker} perpetual contracts", 1},
    {"{coin} wallet support rolled out to {firm} customers in {place}", 1},
    {"{firm} ends partnership with {coin} foundation", -1},
    {"{firm} sells its whole {ticker} holding", -1},
};
constexpr Phrase kFedSpeech[] = {
    {"Fed chair says rate cuts are on the table if inflation keeps easing", 1},
    {"Fed officials see room to lower rates this year, minutes show", 1},
    {"FOMC member: policy is restrictive enough, time to think about easing", 1},
    {"Fed governor sees labour market cooling, backs a rate cut", 1},
    {"Federal Reserve signals slower balance sheet run-off", 1},
    {"Fed chair: inflation remains too high, rates to stay higher for longer", -1},
    {"FOMC member warns another rate hike may be needed", -1},
    {"Fed governor: progress on inflation has stalled", -1},
    {"Fed minutes show officials worried about sticky inflation", -1},
    {"Federal Reserve raises its rate projection for next year", -1},
    {"Fed chair gives no hint on timing of next rate move", 0},
    {"Fed governor speaks on payments innovation at {place} conference", 0},
};
constexpr Phrase kPoliticalPost[] = {
    {"President posts support for {coin} reserve on social media", 1},
    {"Senator tweets: {place} should hold {coin} as a strategic asset", 1},
    {"White House adviser posts that {coin} taxes will be cut", 1},
    {"President's late-night post praises {coin}, traders pile in", 1},
    {"Minister in {place} posts photo paying with {ticker}", 1},
    {"Presidential candidate promises on X to fire {body} leadership", 1},
    {"President calls {coin} a scam in post on social media", -1},
    {"Senator posts that {coin} miners should pay an energy levy", -1},
    {"Treasury secretary posts warning on {coin} and sanctions evasion", -1},
    {"President threatens new tariffs on {place} in morning post", -1},
    {"Campaign account denies post about {coin} was genuine", 0},
};
constexpr Phrase kTechnical[] = {
    {"{coin} mainnet upgrade goes live, fees fall {pct}%", 1},
    {"{coin} developers set date for next hard fork", 1},
    {"{coin} hash rate climbs to a record high", 1},
    {"{coin} breaks above resistance after {pct}% rally", 1},
    {"{coin} active addresses jump {pct}% in a week", 1},
    {"{coin} layer-2 throughput doubles after client release", 1},
    {"{coin} network outage: block production halts for {n} minutes", -1},
    {"{coin} upgrade delayed after bug found on testnet", -1},
    {"{coin} slips below support as {pct}% drop triggers liquidations", -1},
    {"{coin} gas fees spike {pct}% as blocks fill up", -1},
    {"{coin} client bug knocks {pct}% of validators offline", -1},
    {"{coin} core developers release maintenance version of node software", 0},
    {"{proto} deploys its contracts on {coin} testnet", 0},
};
constexpr Phrase kNone[] = {
    {"Five things to know about {coin} this week", 0},
    {"Opinion: what {coin} can learn from the history of money", 0},
    {"{firm} names new head of communications", 0},
    {"Interview: an artist on selling work for {ticker}", 0},
    {"How to explain {coin} to your parents", 0},
    {"{coin} community gathers for annual meet-up in {place}", 0},
    {"{firm} opens new office in {place}", 0},
    {"Podcast: the people behind {coin} documentation", 0},
    {"{place} university offers course on {coin} economics", 0},
    {"Survey: {pct}% of respondents have heard of {coin}", 0},
    {"{firm} sponsors football club in {place}", 0},
    {"Weekly quiz: how well do you know {coin}?", 0},
    {"Museum in {place} shows early {coin} mining hardware", 0},
    {"A look back at {coin} ten years ago", 0},
    {"Book review: a history of digital cash", 0},
};

constexpr PhraseBook kBooks[] = {
    {NewsEventType::kHack, kHack, 12, 0.004, 0.018, false},
    {NewsEventType::kRegulation, kRegulation, 16, 0.003, 0.012, false},
    {NewsEventType::kPartnership, kPartnership, 16, 0.002, 0.009, false},
    {NewsEventType::kFedSpeech, kFedSpeech, 8, 0.002, 0.006, true},
    {NewsEventType::kPoliticalPost, kPoliticalPost, 8, 0.002, 0.010, false},
    {NewsEventType::kTechnical, kTechnical, 16, 0.001, 0.005, false},
    {NewsEventType::kNone, kNone, 24, 0, 0, false},
};

constexpr CoinName kCoins[] = {
    {"Bitcoin", "BTC"},    {"Ethereum", "ETH"}, {"BNB", "BNB"},       {"Solana", "SOL"},
    {"XRP", "XRP"},        {"Cardano", "ADA"},  {"Dogecoin", "DOGE"}, {"Avalanche", "AVAX"},
    {"Chainlink", "LINK"}, {"Litecoin", "LTC"}, {"Polkadot", "DOT"},
};
constexpr std::string_view kFirms[] = {
    "Coinbase",      "Binance",   "Kraken",        "Bitstamp",      "Gemini",     "Bybit",
    "OKX",           "Robinhood", "PayPal",        "Visa",          "Mastercard", "Stripe",
    "Block",         "Tesla",     "Microsoft",     "BlackRock",     "Fidelity",   "Grayscale",
    "MicroStrategy", "JPMorgan",  "Goldman Sachs", "Deutsche Bank",
};
constexpr std::string_view kAuthorities[] = {
    "SEC",     "CFTC", "FinCEN",       "the Department of Justice", "ESMA",        "BaFin",
    "the FCA", "MAS",  "the Treasury", "the European Commission",   "Japan's FSA",
};
constexpr std::string_view kProtocols[] = {
    "Uniswap",     "Aave",     "Curve",     "Compound", "Lido",      "MakerDAO",
    "PancakeSwap", "Wormhole", "Synthetix", "Balancer", "SushiSwap", "GMX",
};
constexpr std::string_view kPlaces[] = {
    "Singapore", "the UK",    "Germany",   "Japan",  "South Korea", "Brazil", "Switzerland",
    "the UAE",   "Hong Kong", "Australia", "Canada", "France",      "India",  "El Salvador",
};
constexpr std::string_view kDetails[] = {
    "Details were not available at the time of writing.",
    "Trading volumes picked up after the report.",
    "The company did not answer a request for comment.",
    "Analysts expect more clarity in the coming days.",
    "It is the second report of its kind this month.",
    "The statement was published on the official website.",
    "Developers discussed the matter in a public call.",
    "Market participants had been waiting for the announcement.",
    "On-chain data confirms the reported figures.",
    "A spokesperson said a full report will follow.",
};

}  // namespace

std::span<const PhraseBook> PhraseBooks() { return kBooks; }
std::span<const CoinName> Coins() { return kCoins; }
std::span<const std::string_view> Firms() { return kFirms; }
std::span<const std::string_view> Authorities() { return kAuthorities; }
std::span<const std::string_view> Protocols() { return kProtocols; }
std::span<const std::string_view> Places() { return kPlaces; }
std::span<const std::string_view> Details() { return kDetails; }

}  // namespace gannet::venue_sim
