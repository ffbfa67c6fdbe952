#!/usr/bin/env python3
"""Portfolio risk against numpy and scipy, on random portfolios.

usage: portfolio_oracle_test.py PROGRAM [--cases N] [--seed S]

Each figure of libs/portfolio is worked out again here from its definition, by other
means where there are any (numpy.cov, scipy.stats, brute force), and has to agree to
1e-9 of its size; a simulation to what its paths allow. Exit code 4: no numpy or scipy.
"""
import argparse
import json
import math
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def with_scipy():
    """Starts this program again in the Python that has what it needs."""
    made = subprocess.run([os.path.join(HERE, "..", "..", "tools", "test-python")], capture_output=True, text=True)
    if made.returncode != 0:
        print("SKIPPED: " + made.stderr.strip())
        sys.exit(4)
    python = made.stdout.strip()
    os.execv(python, [python, "-B", *sys.argv])


# On a machine that others use, threads that wait for each other take minutes for seconds.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
try:
    import numpy as np
    from scipy import stats
except ImportError:
    with_scipy()

DECAY = 0.94


def random_case(rng):
    assets = int(rng.integers(1, 13))
    times = int(rng.choice([2, 3, 40, 120, 300]))
    market = rng.standard_normal(times) * rng.choice([0, 1, 3])
    own = stats.t.rvs(df=rng.choice([3, 5, 30]), size=(times, assets), random_state=rng)
    returns = 0.01 * (market[:, None] + own) * rng.uniform(0.1, 3, assets)
    if rng.random() < 0.2:
        returns[:, 0] = 0  # does not move
    if assets > 1 and rng.random() < 0.2:
        returns[:, 1] = 2 * returns[:, 0]  # moves as another
    values = rng.standard_normal(assets) * 10 ** rng.uniform(0, 6)
    if rng.random() < 0.2:
        values[int(rng.integers(assets))] = 0
    return {
        "returns": returns.ravel().tolist(), "values": values.tolist(), "decay": DECAY,
        "shocks": rng.uniform(-0.9, 0.5, (int(rng.integers(1, 6)), assets)).ravel().tolist(),
        "confidence": int(rng.choice([950_000, 975_000, 990_000, 999_000])),
        "paths": 20_000, "seed": int(rng.integers(1 << 40)), "degrees": int(rng.choice([0, 4, 8])),
        "window": max(2, times // 3),
    }


def hostile_case(rng):
    case = random_case(rng)
    case["returns"] = [float(x) for x in rng.choice([0.0, 1e-320, 1e155, -1e155, 0.01, -0.02], len(case["returns"]))]
    return case


def historical(profits, ppm):
    """The VaR from the definition of a quantile, the ES as an integral of it."""
    ordered = np.sort(profits)
    n, tail = len(ordered), 1_000_000 - ppm
    begin = np.arange(n, dtype=np.int64) * 1_000_000  # in millionths of an outcome
    at = ordered[np.argmax(begin + 1_000_000 >= n * tail)]
    mass = np.clip(n * tail - begin, 0, 1_000_000)
    return [-at, -(mass @ ordered) / (n * tail)]


def cornish_fisher(z, s, k):
    return z + (z**2 - 1) * s / 6 + (z**3 - 3 * z) * k / 24 - (2 * z**3 - 5 * z) * s**2 / 36


def cornish_fisher_risk(m, ppm):
    mean, sigma, s, k = m
    if np.any(np.diff(cornish_fisher(np.linspace(-6, 6, 20_001), s, k)) < 0):
        return {"error": "FAILED_PRECONDITION"}
    tail = (1_000_000 - ppm) / 1e6
    # Gauss-Legendre over the tail in z: the mean of the moved quantiles.
    top = stats.norm.ppf(tail)
    x, w = np.polynomial.legendre.leggauss(400)
    z = top - 12 * (x + 1)
    mean_tail = np.sum(12 * w * stats.norm.pdf(z) * cornish_fisher(z, s, k)) / tail
    return [-(mean + sigma * cornish_fisher(top, s, k)), -(mean + sigma * mean_tail)]


def xlogy(n, p):
    return 0.0 if n == 0 else n * math.log(p)


def likelihood_ratio(groups, common):
    """-2 ln of one rate for all groups over a rate for each; groups are (failures, trials)."""
    lr = sum(xlogy(n - x, 1 - common) + xlogy(x, common) - (xlogy(n - x, 1 - x / n) + xlogy(x, x / n))
             for x, n in groups if n)
    return max(-2 * lr, 0.0)


class Check:
    def __init__(self):
        self.compared, self.faults = 0, []

    def equal(self, case, name, got, want, tolerance=1e-9, scale=0.0):
        self.compared += 1
        if isinstance(want, dict) or isinstance(got, dict) or isinstance(want, str):
            if got != want:
                self.faults.append(f"case {case} {name}: got {got}, want {want}")
            return
        got, want = np.asarray(got, float), np.asarray(want, float)
        if got.shape != want.shape or np.any(np.abs(got - want) > tolerance * np.maximum(np.abs(want), scale) + 1e-300):
            self.faults.append(f"case {case} {name}: got {got}, want {want}")


def compare(check, n, case, got):
    values = np.array(case["values"])
    returns = np.array(case["returns"]).reshape(-1, len(values))
    times, ppm = len(returns), case["confidence"]
    tail = (1_000_000 - ppm) / 1e6
    size = np.abs(values).sum() * 0.01
    covariance = np.atleast_2d(np.cov(returns, rowvar=False))
    check.equal(n, "covariance", got["covariance"], covariance.ravel(), scale=covariance.max())
    weights = DECAY ** np.arange(times)[::-1]
    ewma = (returns * (weights / weights.sum())[:, None]).T @ returns
    check.equal(n, "ewma", got["ewma"], ewma.ravel(), scale=ewma.max())
    moving = np.diag(covariance) > 0
    if moving.sum() > 1:
        correlation = np.corrcoef(returns[:, moving], rowvar=False)
        mean = correlation[np.triu_indices(moving.sum(), 1)].mean()
        check.equal(n, "correlation", got["correlation"], mean, scale=1)
    else:
        check.equal(n, "correlation", got["correlation"], {"error": "FAILED_PRECONDITION"})
    sigma = math.sqrt(max(values @ covariance @ values, 0))
    check.equal(n, "sigma", got["sigma"], sigma, scale=size * 1e-3)
    changed = values.copy()
    changed[0] += 1_000
    check.equal(n, "sigma_after", got["sigma_after"], math.sqrt(max(changed @ covariance @ changed, 0)), scale=1 + size * 1e-3)
    if sigma > size * 1e-6:
        check.equal(n, "contributions", got["contributions"], values * (covariance @ values) / sigma, scale=sigma)
    check.equal(n, "normal", got["normal"], [-stats.norm.ppf(tail) * sigma, stats.norm.pdf(stats.norm.ppf(tail)) / tail * sigma],
                scale=size * 1e-3)
    simulated(check, n, case, got["monte_carlo"], covariance, sigma, size)
    shares = np.abs(values) / np.abs(values).sum() if np.any(values) else None
    check.equal(n, "concentration", got["concentration"],
                {"error": "FAILED_PRECONDITION"} if shares is None else
                [np.argmax(shares), shares.max(), (shares**2).sum(), 1 / (shares**2).sum()])
    path = np.cumprod(1 + np.array(case["shocks"]).reshape(-1, len(values)), axis=0) - 1
    losses = -(path @ values)
    worst = max(losses.max(), 0)
    check.equal(n, "stress", got["stress"], [losses[-1], worst, np.argmax(losses) + 1 if worst else 0], scale=size)
    history(check, n, case, got, returns @ values, size)


def history(check, n, case, got, profits, size):
    ppm = case["confidence"]
    check.equal(n, "historical", got["historical"], historical(profits, ppm), scale=size * 1e-3)
    if np.ptp(profits) <= 1e-12 * np.abs(profits).max():
        check.equal(n, "moments", got["moments"], {"error": "FAILED_PRECONDITION"})
        return
    moments = [profits.mean(), profits.std(ddof=1), stats.skew(profits), stats.kurtosis(profits)]
    check.equal(n, "moments", got["moments"], moments, scale=max(size * 1e-3, 1))
    want = cornish_fisher_risk(moments, ppm)
    if isinstance(want, list) or isinstance(got["cornish_fisher"], dict):
        check.equal(n, "cornish_fisher", got["cornish_fisher"], want, tolerance=1e-7)
    sizes = [profits.var(ddof=1)]
    for r in profits:
        sizes.append(max(DECAY * sizes[-1] + (1 - DECAY) * r * r, sizes[0] * 1e-4))
    check.equal(n, "filtered", got["filtered"], profits / np.sqrt(sizes[:-1]) * math.sqrt(sizes[-1]), scale=size * 1e-3)
    jumps(check, n, got, profits)
    tails(check, n, got, -profits)
    backtests(check, n, case, got, profits)


def jumps(check, n, got, profits):
    if len(profits) < 20:
        check.equal(n, "jump", got["jump"], {"error": "INVALID_ARGUMENT"})
        return
    past, count = np.abs(profits[:-1]), len(profits)
    sigma = math.sqrt(math.pi / 2 * np.mean(past[1:] * past[:-1]))
    # The paper's own form: bipower without its factor, and c = sqrt(2 / pi).
    c, root = math.sqrt(2 / math.pi), math.sqrt(2 * math.log(count))
    statistic = abs(profits[-1]) / (sigma * c)
    centre = root / c - (math.log(math.pi) + math.log(math.log(count))) / (2 * c * root)
    check.equal(n, "jump", got["jump"], [abs(profits[-1]) / sigma, stats.gumbel_r.sf((statistic - centre) * c * root)], scale=1)


def tails(check, n, got, losses):
    beyond = len(losses) // 10
    if beyond < 10:
        check.equal(n, "tail", got["tail"], {"error": "FAILED_PRECONDITION"})
        return
    ordered = np.sort(losses)[::-1]
    excess = np.sort(ordered[:beyond] - ordered[beyond])
    p = (np.arange(1, beyond + 1) - 0.35) / beyond
    a0, a1 = excess.mean(), ((1 - p) * excess).mean()
    shape, scale = 2 - a0 / (a0 - 2 * a1), 2 * a0 * a1 / (a0 - 2 * a1)
    check.equal(n, "tail", got["tail"], [ordered[beyond], shape, scale, beyond], tolerance=1e-8)
    if shape >= 1:
        check.equal(n, "tail_risk", got["tail_risk"], {"error": "FAILED_PRECONDITION"})
        return
    tail = stats.genpareto(shape, scale=scale)
    inside = 0.005 / (beyond / len(losses))
    var = tail.isf(inside)
    mean = np.mean(tail.isf(inside * (np.arange(20_000) + 0.5) / 20_000)) if shape < 0.4 else None
    check.equal(n, "tail VaR", got["tail_risk"][0], ordered[beyond] + var, tolerance=1e-8)
    if mean is not None:
        check.equal(n, "tail ES", got["tail_risk"][1], ordered[beyond] + mean, tolerance=1e-2)


def backtests(check, n, case, got, profits):
    ppm, window = case["confidence"], case["window"]
    exceptions = [bool(-profits[i] > historical(profits[i - window:i], ppm)[0]) for i in range(window, len(profits))]
    if not exceptions:
        return
    check.equal(n, "exceptions", got["exceptions"], exceptions)
    days, count, p = len(exceptions), sum(exceptions), (1_000_000 - ppm) / 1e6
    lr = likelihood_ratio([(count, days)], p)
    check.equal(n, "kupiec", got["kupiec"], [lr, stats.chi2.sf(lr, 1)], tolerance=1e-7, scale=1e-3)
    cumulative = stats.binom.cdf(count, days, p)
    check.equal(n, "basel zone", got["basel"][0], "red" if cumulative >= 0.9999 else "yellow" if cumulative >= 0.95 else "green")
    check.equal(n, "basel", got["basel"][1], cumulative, tolerance=1e-8)
    if days < 2:
        return
    pairs = list(zip(exceptions, exceptions[1:]))
    groups = [(sum(b for a, b in pairs if a == before), sum(a == before for a, _ in pairs)) for before in (False, True)]
    own = likelihood_ratio(groups, sum(x for x, _ in groups) / len(pairs))
    check.equal(n, "independence", got["independence"], [own, stats.chi2.sf(own, 1)], tolerance=1e-7, scale=1e-3)
    check.equal(n, "coverage", got["coverage"], [lr + own, stats.chi2.sf(lr + own, 2)], tolerance=1e-7, scale=1e-3)


def simulated(check, n, case, got, covariance, sigma, size):
    values, degrees, tail = np.array(case["values"]), case["degrees"], (1_000_000 - case["confidence"]) / 1e6
    if not np.any(values) or sigma < 1e-6 * size or n % 3:
        return
    # The same distribution from numpy's generator. Two samples of the same differ by
    # less than five standard errors of a quantile.
    rng = np.random.default_rng(case["seed"])
    paths = 100_000
    eigenvalues, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(eigenvalues, 0))
    returns = rng.standard_normal((paths, len(values))) @ root.T
    if degrees:
        returns *= np.sqrt((degrees - 2) / rng.chisquare(degrees, paths))[:, None]
    profits = np.sort(np.maximum(returns, -1) @ values)
    want = historical(profits, case["confidence"])
    aside = 5 * math.sqrt(tail * (1 - tail) / case["paths"])
    low, high = -np.quantile(profits, min(tail + aside, 1)), -np.quantile(profits, max(tail - aside, 0))
    check.compared += 2
    if not low <= got[0] <= high:
        check.faults.append(f"case {n} simulated VaR {got[0]} is outside {low} to {high}, want {want[0]}")
    if not (got[2] <= got[0] <= got[3]) or got[1] < got[0]:
        check.faults.append(f"case {n} simulated VaR and ES are out of order: {got}")
    if degrees == 0 and tail > 0.005 and abs(got[1] - want[1]) > 0.1 * want[1]:
        check.faults.append(f"case {n} simulated ES {got[1]}, want {want[1]}")


def finite(answer):
    if isinstance(answer, float):
        return math.isfinite(answer)
    if isinstance(answer, dict):
        return all(map(finite, answer.values()))
    return all(map(finite, answer)) if isinstance(answer, list) else answer is not None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--cases", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    cases = [random_case(rng) for _ in range(arguments.cases)]
    hostile = [hostile_case(rng) for _ in range(arguments.cases)]
    lines = "".join(json.dumps(case) + "\n" for case in cases + hostile)
    run = subprocess.run([arguments.program], input=lines, capture_output=True, text=True, timeout=250)
    if run.returncode != 0:
        print(f"{arguments.program} ended with {run.returncode}: {run.stderr}")
        return 1
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    if len(answers) != 2 * len(cases):
        print(f"{len(answers)} answers to {2 * len(cases)} cases")
        return 1
    check = Check()
    with np.errstate(all="ignore"):
        for n, (case, answer) in enumerate(zip(cases, answers)):
            compare(check, n, case, answer)
    for n, answer in enumerate(answers):
        check.compared += 1
        if not finite(answer):
            check.faults.append(f"case {n}: a figure is no number: {answer}")
    for fault in check.faults[:20]:
        print(fault[:400])
    print(f"portfolio oracle: {arguments.cases} portfolios and as many hostile ones, seed {arguments.seed}, "
          f"{check.compared} figures compared, {len(check.faults)} differ")
    return 1 if check.faults else 0


sys.exit(main())
