#include "apps/gannet/sim_flags.h"

#include <CLI/CLI.hpp>
#include <ostream>
#include <sstream>
#include <utility>

#include "apps/gannet/flags.h"
#include "services/venue-sim/fault_script.h"
#include "tests/simulation/crash_sweep.h"
#include "tests/simulation/policies.h"

namespace gannet::app {
namespace {

void ReadSeeds(const std::string& text, simulation::CampaignOptions& campaign) {
  const size_t dash = text.find('-');
  try {
    campaign.first_seed = std::stoull(text.substr(0, dash));
    campaign.last_seed =
        dash == std::string::npos ? campaign.first_seed : std::stoull(text.substr(dash + 1));
  } catch (const std::exception&) {
    RefuseArgument("--seeds", "'" + text + "' is no range of seeds; write 1-200");
  }
  if (campaign.last_seed < campaign.first_seed)
    RefuseArgument("--seeds", "the last seed is below the first");
}

// What a command that reproduces a failure must say beside the seed.
std::string SameOptions(const SimFlags& flags) {
  const simulation::SimulationOptions plain;
  const simulation::SimulationOptions& each = flags.campaign.each;
  std::ostringstream same;
  if (each.safety != plain.safety) same << " --safety " << base::FormatDuration(each.safety);
  if (each.liveness != plain.liveness)
    same << " --liveness " << base::FormatDuration(each.liveness);
  if (!each.faults) same << " --no-faults";
  if (!flags.faults.empty()) same << " --faults " << flags.faults;
  if (each.focused) same << " --focused";
  if (each.product != plain.product) same << " --product " << simulation::NameOf(each.product);
  if (each.venues != plain.venues) same << " --venues " << each.venues;
  if (each.wire_mode) same << " --wire-mode";
  if (each.config_dir != plain.config_dir) same << " --config-dir " << each.config_dir;
  return same.str();
}

absl::Status Run(SimFlags& flags, base::Files& files, const base::Clock& clock, std::ostream& out) {
  simulation::CampaignOptions& campaign = flags.campaign;
  if (!flags.faults.empty()) {
    auto script = venue_sim::LoadFaultScript(files, flags.faults);
    if (!script.ok()) return script.status();
    campaign.each.script = *std::move(script);
  }
  campaign.same_options = SameOptions(flags);
  if (flags.crashes > 0) {
    simulation::SweepOptions sweep;
    sweep.seed = campaign.first_seed;
    sweep.every = flags.crashes;
    sweep.jobs = campaign.jobs;
    return simulation::RunSweep(sweep, out);
  }
  if (flags.policies) return simulation::ComparePolicies(campaign, out);
  if (flags.trace > 0) {
    campaign.each.seed = flags.trace;
    return simulation::TraceSeed(campaign.each, out);
  }
  return simulation::RunCampaign(campaign, clock, out);
}

}  // namespace

void AddSim(CLI::App& app, SimFlags& flags, base::Files& files, const base::Clock& clock,
            std::ostream& out, std::function<void(const absl::Status&)> done) {
  CLI::App* sim = app.add_subcommand(
      "sim", "Run the whole platform and its venue on virtual time under seeded faults");
  simulation::SimulationOptions& each = flags.campaign.each;
  sim->add_option("--seeds", flags.seeds, "First and last seed, as A-B")->capture_default_str();
  AddDuration(sim, "--safety", each.safety, "How long faults strike (virtual time; default 40s)");
  AddDuration(sim, "--liveness", each.liveness, "How long everything has to settle (default 60s)");
  sim->add_option("--minutes", flags.minutes,
                  "Begin no further seed after this time; without --seeds, from seed 1 on")
      ->check(CLI::PositiveNumber)
      ->option_text("MINUTES");
  sim->add_option("--jobs", flags.campaign.jobs, "Seeds at once, each in a process of its own")
      ->check(CLI::Range(1, 256))
      ->option_text("N (default 1)");
  sim->add_option("--trace", flags.trace,
                  "Tell this seed's story: requests, answers, facts, faults")
      ->type_name("SEED")
      ->check(CLI::Validator(CLI::NonNegativeNumber).description(""));
  sim->add_option("--crashes", flags.crashes,
                  "Without faults, but die at each Nth message and disk operation of two seconds "
                  "of the first seed, and in the recovery after it")
      ->check(CLI::PositiveNumber)
      ->option_text("N");
  sim->add_flag("--policies", flags.policies,
                "Compare with models of what others do about orders whose fate they do not know: "
                "wrong orders per million");
  sim->add_flag("--focused", each.focused,
                "Even seeds strike one subject hard, odd ones draw some of everything as without "
                "it (docs/simulation.md)");
  sim->add_option("--faults", flags.faults,
                  "What the venue does wrong, in place of all faults that a seed draws (a script "
                  "as venue-sim takes it)")
      ->type_name("FILE");
  sim->add_flag_callback(
      "--no-faults", [&each] { each.faults = false; }, "Nothing goes wrong");
  sim->add_option("--venues", each.venues,
                  "Venues that one platform trades at, each with a market of its own")
      ->check(CLI::Range(1, 2))
      ->option_text("N (default 1)");
  sim->add_option_function<std::string>(
         "--product",
         [&each](const std::string& name) {
           const auto product = simulation::ProductOf(name);
           if (!product) {
             RefuseArgument("--product", "'" + name +
                                             "' is not simulated; name binance-spot, "
                                             "binance-usdm, bybit-spot or bybit-linear");
           }
           each.product = *product;
         },
         "What the platform trades: binance-spot, binance-usdm, bybit-spot or bybit-linear; a seed "
         "is another day at each")
      ->option_text("NAME (default binance-spot)");
  sim->add_flag("--wire-mode", each.wire_mode, "Encode and decode every event; decides the same");
  sim->add_option("--config-dir", each.config_dir, "Folder of limits.yaml and strategies.yaml")
      ->type_name("DIR")
      ->capture_default_str();
  sim->footer(
      "Checks the invariants I1 to I8 (docs/orders.md) and prints the command that reproduces a "
      "failure.\n\n"
      "  gannet sim --seeds 1-1000 --jobs 2\n"
      "  gannet sim --minutes 30 --jobs 2\n"
      "  gannet sim --focused --seeds 1-500 --jobs 2\n"
      "  gannet sim --product bybit-linear --seeds 1-200 --jobs 2\n"
      "  gannet sim --venues 2 --seeds 1-200 --jobs 2\n"
      "  gannet sim --trace 28 | less\n"
      "  gannet sim --crashes 1 --jobs 2\n"
      "  gannet sim --policies --seeds 1-500 --jobs 2");
  sim->callback([&flags, &each, &files, &clock, &out, done = std::move(done), sim] {
    if (int{flags.trace > 0} + int{flags.crashes > 0} + int{flags.policies} > 1)
      RefuseArgument("--trace, --crashes and --policies", "are not to be combined");
    if (each.focused && (flags.crashes > 0 || !flags.faults.empty() || !each.faults)) {
      RefuseArgument("--focused",
                     "chooses the faults itself; leave out --crashes, --faults and --no-faults");
    }
    const bool spot = each.product == simulation::Product::kBinanceSpot;
    if (!spot && (each.venues > 1 || flags.policies || flags.crashes > 0))
      RefuseArgument("--product", "is not to be combined with --venues, --policies and --crashes");
    if (flags.minutes > 0) {
      constexpr double kNanosInAMinute = 60e9;
      flags.campaign.limit = base::Duration(static_cast<int64_t>(flags.minutes * kNanosInAMinute));
      if (sim->count("--seeds") == 0) flags.seeds = "1-1000000000";
    }
    ReadSeeds(flags.seeds, flags.campaign);
    done(Run(flags, files, clock, out));
  });
}

}  // namespace gannet::app
