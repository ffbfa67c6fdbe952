#!/usr/bin/env python3
"""Planted bugs: does the simulation see them?

  plants.py generate OUT            writes OUT/<file> for each source with a bug in it, and OUT/plants.inc
  plants.py check                   says which bugs no longer fit their source
  plants.py run BINARY [--only 1,5-9] [--rotate N] [--seeds 60] [--jobs 1] [--table FILE]
                                    runs each bug until it is caught, beginning with the seed
                                    that docs/planted-bugs.md names; or from seed 1 with --table,
                                    which writes such a table

A bug is one change of one source file of the product. All of them are compiled into one
extra program, each behind a switch: PLANT in the new text asks for its number. Nothing
of this is in any other program.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXECUTION, JOURNAL, SPOT = 'services/execution/', 'libs/journal/', 'libs/venue/binance/'
ANSWERS, INQUIRY = EXECUTION + 'execution_answers.cc', EXECUTION + 'execution_inquiry.cc'
ENGINE, RECONCILE = EXECUTION + 'execution_engine.cc', EXECUTION + 'execution_reconcile.cc'
STATE, SESSION = EXECUTION + 'execution_state.cc', EXECUTION + 'venue_session.cc'
SERVICE, BUDGET = EXECUTION + 'execution_service.cc', EXECUTION + 'rate_budget.cc'
FLATTEN, STRATEGY = EXECUTION + 'execution_flatten.cc', 'services/strategy/'
CODEC, DERIVATIVES = EXECUTION + 'execution_state_codec.cc', EXECUTION + 'execution_derivatives.cc'

# (file, text of today, text of the bug, what it does, case on record)
PLANTS = [
    # What others did and paid for.
    (ANSWERS, 'Step(id, ExecKind::kUnknown, {.code = leg.code', 'Step(id, PLANT ? ExecKind::kRejected : ExecKind::kUnknown, {.code = leg.code',
     'an outcome that is not known counts as a rejection', 'Hummingbot #493, #601'),
    (ANSWERS, '      if (!unanswered) return;  // the stream was faster', '      if (PLANT && leg.code == "transport") return static_cast<void>(Step(id, ExecKind::kNotSent, {.evidence = evidence}));\n      if (!unanswered) return;',
     'an error of the network counts as an order that never left', 'Hummingbot #3374, #8457'),
    (BUDGET, '  pauses_.*pause = std::max(', '  if (!PLANT) pauses_.*pause = std::max(',
     'what the venue said about waiting is not heeded', 'Hummingbot #462, #1291'),
    (ANSWERS, '    case VenueOrderStatus::kFilled:\n      return final(ExecKind::kFill);', '    case VenueOrderStatus::kFilled:\n      return final(PLANT ? ExecKind::kCanceled : ExecKind::kFill);',
     'a filled order is seen as cancelled', 'freqtrade #11461'),
    (INQUIRY, '  if (answer.not_found && unknown && inquiry.time_proven) {', '  if (PLANT && answer.not_found && unknown) return ProveAbsent(id, inquiry);\n  if (answer.not_found && unknown && inquiry.time_proven) {',
     'an order that one query does not find is given up', 'freqtrade #4403'),
    (ANSWERS, '      ++stats_.unknown_outcomes;\n      Step(id', '      if (PLANT) return SendPlacement(id, order->quantity);\n      ++stats_.unknown_outcomes;\n      Step(id',
     'a placement without an answer is sent again', 'Catalyst #315, #317; ccxt #2599'),
    (SESSION, '                  if (held && *held) OnResult(id, keys, result);', '''                  if (PLANT && held && *held && !result.status.ok()) {
                    auto again = copy;
                    network_.Http(options_.rest, std::move(again), {.timeout = options_.request_timeout},
                                  [this, id, keys, alive](net::HttpResult second) {
                                    const auto still = alive.lock();
                                    if (still && *still) OnResult(id, keys, second);
                                  });
                    return;
                  }
                  if (held && *held) OnResult(id, keys, result);''',
     'the transport sends again by itself what failed', 'trading-gpt #94, OpenAlice #91: retries below the intent layer'),
    (ANSWERS, '  if (order.Booked(trade.trade_id)) {', '  if (!PLANT && order.Booked(trade.trade_id)) {',
     'a fill that is told twice counts twice', 'Nautilus #3493'),
    (ENGINE, '      ++stats_.unknown_outcomes;\n      Step(id, ExecKind::kUnknown,\n           {.detail = "restarted before the answer"', '      if (PLANT) {\n        SendPlacement(id, order.quantity);\n        continue;\n      }\n      ++stats_.unknown_outcomes;\n      Step(id, ExecKind::kUnknown,\n           {.detail = "restarted before the answer"',
     'orders are placed again at each restart', 'Nautilus #3176'),
    (ENGINE, '      Step(id, ExecKind::kUnknown,\n           {.detail = "restarted before the answer"', '      Step(id, PLANT ? ExecKind::kRejected : ExecKind::kUnknown,\n           {.detail = "restarted before the answer"',
     'an order under way counts as rejected after the restart', 'Nautilus #4958'),
    (ENGINE, '    if (order.external) continue;\n    if (order.life.state() == OrderState::kUnknown) {', '    if (order.external || PLANT) continue;\n    if (order.life.state() == OrderState::kUnknown) {',
     'nobody takes up the open orders after a restart', 'Nautilus #5000'),
    (ANSWERS, '  if (final.cumulative > order.cumulative) {', '  if (!PLANT && final.cumulative > order.cumulative) {',
     'fills that the venue counts and nobody told of are not fetched', 'Lean TradeStation PR #95'),
    (RECONCILE, '  Schedule(now_ + options_.reconcile_every, {TaskKind::kReconcile, {}});\n  if (!state_', '  if (!PLANT) Schedule(now_ + options_.reconcile_every, {TaskKind::kReconcile, {}});\n  if (!state_',
     'the comparison with the venue is made once, not on a timer', 'Lean TradeStation PR #95'),
    (STATE, '  if (!decision.permitted || decision.intent.kind == market::IntentKind::kCancel) return;', '  if ((!decision.permitted && !PLANT) || decision.intent.kind == market::IntentKind::kCancel) return;',
     'verdicts that refuse are carried out', 'Knight, 2012'),
    (ENGINE, '             : venue_.Place(asked, intent.quantity, instrument, VenueNow());', '             : venue_.Place(asked, PLANT ? intent.quantity + intent.quantity : intent.quantity, instrument, VenueNow());',
     'an order leaves with more than was permitted', 'Citi, 2022'),
    (ANSWERS, '  budget_.Report(answer.rate,', '  if (!PLANT) budget_.Report(answer.rate,',
     'nobody reads what the venue says of limits', 'Hummingbot #1291'),
    # Answers and updates.
    (ANSWERS, '  return same ? named : Adopt(update, named, evidence);', '  return same || PLANT ? named : Adopt(update, named, evidence);',
     'the second order of a doubled request is taken for the first', ''),
    (ANSWERS, '  return market::Fill{trade.trade_id, *price, *quantity, *fee,', '  return market::Fill{trade.trade_id, *price, *quantity, PLANT ? market::Money() : *fee,',
     'fees are not booked', ''),
    (ANSWERS, '  return market::Fill{trade.trade_id, *price, *quantity,', '  return market::Fill{trade.trade_id, PLANT ? order.intent.price : *price, *quantity,',
     'fills are booked at the price asked for', ''),
    (ANSWERS, '  if (extra.fill) report.cumulative += extra.fill->quantity;', '  if (extra.fill) report.cumulative = PLANT ? extra.fill->quantity : report.cumulative + extra.fill->quantity;',
     'the second fill of an order forgets the first', ''),
    (ANSWERS, '    *unexplained = true;', '    if (PLANT) continue;\n    *unexplained = true;',
     'trades of orders that nobody can name are left out', ''),
    (ANSWERS, '  report.side = update.side;', '  report.side = PLANT ? market::Opposite(update.side) : update.side;',
     'orders made by hand are booked on the other side', ''),
    (ANSWERS, '  if (!state_.baseline() ||\n', '  if (PLANT || !state_.baseline() ||\n',
     'orders made by hand are left out', ''),
    (SPOT + 'spot_requests.cc', '  GANNET_ASSIGN_OR_RETURN(const Shape shape, ShapeOf(spec));\n  out.Text("symbol", spec.symbol);', '  GANNET_ASSIGN_OR_RETURN(const Shape shape, ShapeOf(spec));\n  out.Text("symbol", PLANT ? "ETHUSDT" : spec.symbol);',
     'orders leave for another instrument', ''),
    (ANSWERS, '  in_flight_.erase(found);', '  if (!PLANT) in_flight_.erase(found);',
     'answered requests still count as under way', ''),
    (ANSWERS, '  Step(id, ExecKind::kCancelRejected, {.code = code', '  Step(id, PLANT ? ExecKind::kCanceled : ExecKind::kCancelRejected, {.code = code',
     'a refused cancel counts as done', ''),
    (INQUIRY, '      Step(id, ExecKind::kCancelRejected,\n', '      Step(id, PLANT ? ExecKind::kCanceled : ExecKind::kCancelRejected,\n',
     'a cancel that had no effect counts as done', ''),
    (ANSWERS, '    Step(id, ExecKind::kAccepted, extra);', '    if (!PLANT) Step(id, ExecKind::kAccepted, extra);',
     'acknowledgements are not booked', ''),
    (ANSWERS, '  if (claimed && after > std::max(*claimed, claimed_[id])) {', '  if (PLANT && claimed) {',
     'every fill is held for more than the venue counts', ''),
    # Inquiry and absence.
    (INQUIRY, '  Inquiry& inquiry = Inquire(id, options_.stream_wait);', '  Inquiry& inquiry = Inquire(id, PLANT ? base::Duration(std::chrono::hours(1)) : options_.stream_wait);',
     'nobody asks for an order whose fate is unknown', ''),
    (INQUIRY, '  if (!inquiry.time_proven) {', '  if (!PLANT && !inquiry.time_proven) {',
     'absence is sought before the venue can have made up its mind', ''),
    (INQUIRY, '  inquiry.backoff = std::min(inquiry.backoff * 2, options_.inquiry_limit);', '  inquiry.backoff = PLANT ? inquiry.backoff * 64 : std::min(inquiry.backoff * 2, options_.inquiry_limit);',
     'the pause between questions grows without end', ''),
    (INQUIRY, '  inquiry.next = now_ + inquiry.backoff;\n', '  inquiry.next = now_ + (PLANT ? base::Duration(1) : inquiry.backoff);\n',
     'questions follow each other without a pause', ''),
    (INQUIRY, '    found->second.asking = false;', '    found->second.asking = PLANT;',
     'after one question about an order there is no second', ''),
    (INQUIRY, '  Step(id, ExecKind::kAbsent, {.detail', '  Step(id, PLANT ? ExecKind::kCanceled : ExecKind::kAbsent, {.detail',
     'what was never taken counts as cancelled', ''),
    (INQUIRY, '        inquiry.cancel_unknown = LookedEverywhere(request, inquiry);', '        inquiry.cancel_unknown = LookedEverywhere(request, inquiry) && !PLANT;',
     'the cancel of a proof of absence is never enough', ''),
    # Session and reconciliation.
    (RECONCILE, '      stream_open_ = subscribed_ = ready_ = false;', '      if (!PLANT) stream_open_ = subscribed_ = ready_ = false;',
     'the end of the stream is not noticed', ''),
    (DERIVATIVES, '  out_.Emit(std::move(booking), cause);\n', '  if (!PLANT) out_.Emit(std::move(booking), cause);\n',
     'transfers are not booked', ''),
    (RECONCILE, '    reconciliation_->verifying.insert(id);\n    if (Waits(', '    if (PLANT) {\n      Step(id, market::ExecKind::kCanceled, {.evidence = answer.evidence});\n      continue;\n    }\n    reconciliation_->verifying.insert(id);\n    if (Waits(',
     'an order that the list of open orders lacks counts as cancelled', ''),
    (RECONCILE, '    listed.insert(OnOrderUpdate(update, {}, answer.evidence));', '    listed.insert(PLANT ? update.client_order_id : OnOrderUpdate(update, {}, answer.evidence));',
     'the list of open orders is not read', ''),
    (RECONCILE, '    clock_synced_ = true;', '    clock_synced_ = !PLANT;',
     'the clock is never taken for known', ''),
    (RECONCILE, '  for (const venue::BalanceEntry& entry : balances) SetBalance(entry, answer.balances_time, as_of);', '  if (!PLANT || !state_.baseline())\n    for (const venue::BalanceEntry& entry : balances) SetBalance(entry, answer.balances_time, as_of);',
     'balances are asked for and not taken over', ''),
    (RECONCILE, '  subscribe_due_ = now_ + kSubscribeAnswer;\n  Schedule(*subscribe_due_, {TaskKind::kSubscribe, {}});\n}', '  subscribe_due_ = now_ + kSubscribeAnswer;\n  if (!PLANT) Schedule(*subscribe_due_, {TaskKind::kSubscribe, {}});\n}',
     'a subscription without an answer is waited for without end', ''),
    (SESSION, '  timer_ = executor_.After(reconnect_.NextDelay(), [this, alive', '  if (PLANT) return;\n  timer_ = executor_.After(reconnect_.NextDelay(), [this, alive',
     'a stream that ended is not opened again', ''),
    # State, and what a restart finds.
    (STATE, '!positions_.Apply(key, *instrument, report.side, fill).ok()', '!positions_.Apply(key, *instrument, PLANT ? market::Opposite(report.side) : report.side, fill).ok()',
     'positions move the other way', ''),
    (STATE, '  for (const market::AssetChange& change : booking.changes)\n    explained_', '  if (!PLANT || booking.kind != market::AccountEventKind::kFee)\n    for (const market::AssetChange& change : booking.changes)\n    explained_',
     'fees explain no balance', ''),
    (STATE, '  order.trade_ids.push_back(fill.trade_id);', '  if (!PLANT) order.trade_ids.push_back(fill.trade_id);',
     'booked trades are not remembered', ''),
    (STATE, '  next_request_id_ = std::max(next_request_id_, note.id + 1);', '  if (!PLANT) next_request_id_ = std::max(next_request_id_, note.id + 1);',
     'requests share one number', ''),
    (STATE, '  placed->second.place = request;', '  if (!PLANT) placed->second.place = request;',
     'what was sent is not remembered', ''),
    (STATE, '    by_venue_id_[{order.intent.instrument, order.venue_order_id}] = order.id();', '    if (!PLANT) by_venue_id_[{order.intent.instrument, order.venue_order_id}] = order.id();',
     'orders are not found by the id of the venue', ''),
    (STATE, '  open_.erase(order.id());', '  if (!PLANT) open_.erase(order.id());',
     'orders that ended still count as open', ''),
    (CODEC, '  order.cumulative.mantissa = in.I64();', '  order.cumulative.mantissa = PLANT ? in.I64() * 0 : in.I64();',
     'a snapshot forgets what was filled', ''),
    (CODEC, '  order.place = ReadRequest(in);', '  order.place = ReadRequest(in);\n  if (PLANT) order.place = {};',
     'a snapshot forgets what was sent', ''),
    (CODEC, '  order.venue_order_id = in.Text<market::VenueOrderId>();', '  order.venue_order_id = in.Text<market::VenueOrderId>();\n  if (PLANT) order.venue_order_id = {};',
     'a snapshot forgets the id of the venue', ''),
    (ANSWERS, '      if (!order->open()) return;\n      {\n', '      if (!order->open()) return;\n      if (PLANT && leg.outcome == OutcomeClass::kUnknown)\n        return static_cast<void>(Step(id, ExecKind::kCanceled, {.evidence = evidence}));\n      {\n',
     'a cancel without an answer counts as done', 'binance-trading-bot PR #775: a lost reply'),
    (ENGINE, '  EmitNote(ToNote(note, wire));\n', '  if (!PLANT) EmitNote(ToNote(note, wire));\n',
     'requests leave without having been written down', ''),
    (ENGINE, '  EmitNote(ToNote(CancelNote{intent.client_order_id, intent.target}));\n}\n\nbool ExecutionEngine::ByVenueId', '  if (!PLANT) EmitNote(ToNote(CancelNote{intent.client_order_id, intent.target}));\n}\n\nbool ExecutionEngine::ByVenueId',
     'cancels are never answered', ''),
    # Before the bytes leave, and the disk.
    (SERVICE, 'void ExecutionService::Send(OutgoingRequest request) {\n', 'void ExecutionService::Send(OutgoingRequest request) {\n  if (PLANT)\n    return executor_.Post([this, alive = std::weak_ptr<bool>(alive_), request]() mutable {\n      const auto held = alive.lock();\n      if (held && *held) Transmit(std::move(request));\n    });\n',
     'requests leave before their record is on disk', ''),
    (JOURNAL + 'segment_writer.cc', '  GANNET_RETURN_IF_ERROR(file_->Sync());\n  bytes_', '  if (!PLANT) GANNET_RETURN_IF_ERROR(file_->Sync());\n  bytes_',
     'what was not synced counts as durable', ''),
    (SPOT + 'spot_requests.cc', '  if (!spec.client_order_id.empty()) out.Text', '  if (!PLANT && !spec.client_order_id.empty()) out.Text',
     'orders leave without a client id', 'freqtrade: no client order id on its orders'),
    (JOURNAL + 'committer.cc', '  if (!status.ok()) Fail(status);\n  if (durable', '  if (!status.ok() && !PLANT) Fail(status);\n  if (durable',
     'a sync that failed stops nobody', ''),
    (SPOT + 'spot_requests.cc', '  out.Plain("side", SideText(spec.side));', '  out.Plain("side", SideText(PLANT ? market::Opposite(spec.side) : spec.side));',
     'orders leave on the other side', ''),
    (SPOT + 'answer_words.cc', '      report.retry_after = std::chrono::seconds(std::min(*number, kLongestPause));', '      report.retry_after = std::chrono::seconds(PLANT ? 0 : std::min(*number, kLongestPause));',
     'the length of the wait is not read', ''),
    (SPOT + 'error_codes.cc', 'bool StatusProvesNothing(int status) { return status != 400 && status != 401; }', 'bool StatusProvesNothing(int status) { return !PLANT && status != 400 && status != 401; }',
     'the code of an answer of 5xx or 429 counts as proof', 'Binance: 5xx says nothing of the order'),
    (SPOT + 'error_codes.cc', '  if (Find(table, code) == nullptr) return Proof::kUnknown;', '  if (PLANT) return Proof::kRefused;\n  if (Find(table, code) == nullptr) return Proof::kUnknown;',
     'every code is a refusal', ''),
    (ANSWERS, '      if (leg.outcome == OutcomeClass::kRefused) {', '      if (PLANT || leg.outcome == OutcomeClass::kRefused) {',
     'a refusal of one copy of a request is taken for one of all', ''),
    ('libs/venue/keyed_venue.cc', '  if (!CameBySocket(exchange)) return answer;', '  if (!PLANT && !CameBySocket(exchange)) return answer;',
     'what came by REST counts as the answer to the only copy of its request', ''),
    (ENGINE, '  budget_.Restore(state_.pause()', '  if (!PLANT) budget_.Restore(state_.pause()',
     'a pause that the venue asked for is forgotten at a restart', ''),
    (FLATTEN, 'const Side side = holding.quantity > Money() ?', 'const Side side = (PLANT ? holding.quantity < Money() : holding.quantity > Money()) ?',
     'a kill switch doubles the position that it is to close', ''),
    # What others did and paid for, added last: the numbers above stay.
    (ENGINE, 'const market::Quantity left = state_.Find(id)->intent.quantity - first.cumulative;', 'const market::Quantity left = state_.Find(id)->intent.quantity - (PLANT ? market::Quantity() : first.cumulative);',
     'an order that takes the place of another one asks again for what that has got', 'a replace that carries the cumulative quantity'),
    (RECONCILE, '  return nothing || doubted;', '  return !PLANT && (nothing || doubted);',
     'an account that a lagging back end calls empty is believed', 'a zero balance from a lagging back end'),
    (STRATEGY + 'parent_steps.cc', '|| !Within(intent.side, touch.price, intent.price)) return;', '|| (!PLANT && !Within(intent.side, touch.price, intent.price))) return;',
     'an order by participation follows the market beyond its limit', 'a participation algorithm without a price limit'),
]

# What a bug needs elsewhere in its file, and what changes nothing by itself.
AIDS = {
    # The request is moved from: the bug that repeats it needs a copy.
    SESSION: [('  const bool of_key = request', '  const net::HttpRequest copy = http;\n  const bool of_key = request'),
              ('[this, id = request.id, keys', '[this, copy, id = request.id, keys')],
}


def source(path):
    return (ROOT / path).read_text()


def stale():
    """Bugs whose text is not there once; each with the reason."""
    found = []
    for number, (path, old, _, what, _) in enumerate(PLANTS, 1):
        count = source(path).count(old)
        if count != 1:
            found.append(f'{number} ({what}): its text is {count} times in {path}')
    for path, edits in AIDS.items():
        found += [f'the aid {old!r} is not in {path} once' for old, _ in edits if source(path).count(old) != 1]
    return found


def generate(out):
    wrong = stale()
    if wrong:
        sys.exit('planted bugs that no longer fit their source; mend tests/simulation/plants.py:\n  ' + '\n  '.join(wrong))
    by_file = {}
    for number, (path, old, new, _, _) in enumerate(PLANTS, 1):
        by_file.setdefault(path, []).append((number, old, new))
    for path, changes in by_file.items():
        text = source(path)
        for old, new in AIDS.get(path, []):
            text = text.replace(old, new)
        for number, old, new in changes:
            # The second bug in a line of another finds the text that the first left.
            planted = new.replace('PLANT', f'::gannet::simulation::Planted({number})')
            if text.count(old) != 1:
                sys.exit(f'planted bug {number} stands where another one does: its text is gone from {path}')
            text = text.replace(old, planted)
        target = pathlib.Path(out) / path.replace('/', '__')
        target.parent.mkdir(parents=True, exist_ok=True)
        text = '#include "tests/simulation/planted.h"\n' + text
        if not target.exists() or target.read_text() != text:
            target.write_text(text)
    names = ''.join(f'  "{what}",\n' for _, _, _, what, _ in PLANTS)
    (pathlib.Path(out) / 'plants.inc').write_text(names)


def files():
    return sorted({path for path, *_ in PLANTS})


def numbers(text):
    chosen = []
    for part in text.split(','):
        first, _, last = part.partition('-')
        chosen += range(int(first), int(last or first) + 1)
    return chosen


def hints(path):
    """The seed that caught each bug when the table was made: tried first, since it is the likeliest."""
    rows = re.findall(r'^\| (\d+) \|.*?\| (\d+) \| [\d.]+ \|', path.read_text(), re.M) if path.exists() else []
    return {int(number): seed for number, seed in rows}


def attempt(binary, number, seeds, hint):
    """What the program said of the bug, and the processor's seconds it took."""
    with subprocess.Popen([binary, str(number), str(seeds), hint], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as child:
        said = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    return re.search(r'^caught by seed (\d+): (.*)$', said, re.M), said, usage.ru_utime + usage.ru_stime


def run(arguments):
    chosen = numbers(arguments.only) if arguments.only else list(range(1, len(PLANTS) + 1))
    if arguments.rotate:  # others each day, until all have had their turn
        day = int(time.time() // 86400)
        chosen = [(day * arguments.rotate + i) % len(PLANTS) + 1 for i in range(arguments.rotate)]
        print(f'day {day}: bugs {", ".join(map(str, chosen))}', flush=True)
    known = {} if arguments.table else hints(ROOT / 'docs/planted-bugs.md')
    rows, missed = [], []
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        results = pool.map(lambda number: attempt(arguments.binary, number, arguments.seeds, known.get(number, '1')), chosen)
        for number, (caught, said, seconds) in zip(chosen, results):
            what, case = PLANTS[number - 1][3:5]
            seed, how = (caught.group(1), caught.group(2)[:90].replace('|', '/')) if caught else (f'none of {arguments.seeds}', '')
            rows.append(f'| {number} | {what} | {case} | {seed} | {seconds:.1f} | {how} |')
            if caught:
                print(f'{number:3} caught by seed {seed} in {seconds:.1f} s: {how}', flush=True)
            else:
                missed.append(number)
                print(f'{number:3} MISSED by {arguments.seeds} seeds in {seconds:.1f} s: {what}\n{said}', flush=True)
    if arguments.table:
        head = '| bug | what it does | case on record | seed | seconds | first sign |\n|---|---|---|---|---|---|\n'
        pathlib.Path(arguments.table).write_text(head + '\n'.join(rows) + '\n')
    print(f'{len(chosen) - len(missed)} of {len(chosen)} caught')
    return 1 if missed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest='command', required=True)
    commands.add_parser('generate').add_argument('out')
    commands.add_parser('check')
    commands.add_parser('files')
    runs = commands.add_parser('run')
    runs.add_argument('binary')
    runs.add_argument('--only')
    runs.add_argument('--rotate', type=int)
    runs.add_argument('--seeds', type=int, default=60)
    runs.add_argument('--jobs', type=int, default=1)
    runs.add_argument('--table')
    arguments = parser.parse_args()
    if arguments.command == 'generate':
        generate(arguments.out)
    elif arguments.command == 'files':
        print(';'.join(files()), end='')
    elif arguments.command == 'check':
        wrong = stale()
        print('\n'.join(wrong) or f'{len(PLANTS)} planted bugs fit their sources')
        sys.exit(1 if wrong else 0)
    else:
        sys.exit(run(arguments))


main()
