"""What noise protects: in words, and as epsilon of differential privacy, by ``dp-accounting``."""

from __future__ import annotations

import math

from ezprivsecfl.compiler.accounting import Accounting
from ezprivsecfl.compiler.analyses.noise import Noise
from ezprivsecfl.compiler.choices import FIXED
from ezprivsecfl.ir.mpc.noise import SERVERS
from ezprivsecfl.ir.types import shape_text
from ezprivsecfl.report.facts import Facts

ORDERS = (*range(2, 65), 72, 80, 96, 128, 192, 256, 512, 1024)
"""Orders of Rényi divergences.

All are integers: for these, the accountant's formula for Gaussians that are sampled holds of discrete ones, too
(docs/privacy.md).
"""


def noise_statements(facts: Facts) -> list[str]:
    """The noise of a program, what is opened without, and epsilon if it was asked for."""
    if not facts.noise:
        return ["none, so there is no epsilon"]
    return [*(_described(noise) for noise in facts.noise), *_not_covered(facts), *_accounted(facts)]


def _described(noise: Noise) -> str:
    place = f" ({noise.location.file}:{noise.location.line})" if noise.location.line else ""
    what = f"{shape_text(noise.shape) if noise.shape else '1 number'}{place}"
    factors = (1.0, math.sqrt(SERVERS)) if noise.full else (1 / math.sqrt(SERVERS), 1.0)
    if noise.deviation is None:
        source = f"s, which follows from {', '.join(noise.parameters) or 'the number of clients'}"
        own, total = ("s", "√2 s") if noise.full else ("s/√2", "s")
        size = f"the program's standard deviation is {source}; each server's part has {own}, what is opened {total}"
    else:
        own, total = (f"{factor * noise.deviation:.4g}" for factor in factors)
        size = f"each server's part has the standard deviation {own}, what is opened has {total}"
    return f"{what}: each server adds a discrete Gaussian of its own on the grid of 2^{-noise.frac}; {size}"


def _not_covered(facts: Facts) -> list[str]:
    """What both servers learn that noise has no part in."""
    learned = [*facts.without_noise, "who takes part"]
    if facts.classified:
        learned.append(f"magnitude classes (not with --scale {FIXED})")
    return [f"Without noise, both servers learn {', '.join(learned)}"]


def _accounted(facts: Facts) -> list[str]:
    accounting = facts.options.accounting
    if accounting is None:
        return []
    if facts.options.norms.sums is not None:
        return ["epsilon: not known, since with sketched norms clipping bounds hold only about (take --norms exact)"]
    multiplier = _multiplier(facts, accounting)
    if multiplier is None:
        return [
            "epsilon: not known, since the standard deviation is known in the round only; give the noise multiplier "
            "(--dp-noise-multiplier)"
        ]
    full = facts.noise[0].full
    of_server, of_all = (multiplier, multiplier * math.sqrt(2)) if full else (multiplier / math.sqrt(2), multiplier)
    rounds = f"{accounting.rounds} round{'s' if accounting.rounds > 1 else ''}"
    at = f"for delta = {accounting.delta:g}"
    return [
        f"epsilon = {epsilon(of_server, accounting, sampled=False):.4g} {at} against either server, which knows its "
        f"own part (noise multiplier {of_server:.4g}) and who takes part, so that sampling does not help; of a client "
        f"that takes part in {rounds}",
        f"epsilon = {epsilon(of_all, accounting, sampled=True):.4g} {at} against those who see results alone (noise "
        f"multiplier {of_all:.4g}); {rounds}, in each of which a client takes part with probability "
        f"{accounting.sampling:g}",
        "This covers the values with noise alone, and takes for granted that one client more or less changes them all "
        f"together by the program's standard deviation over {multiplier:.4g} at most (L2 norm)",
    ]


def _multiplier(facts: Facts, accounting: Accounting) -> float | None:
    """The program's standard deviation over the sensitivity; with several deviations, the smallest counts."""
    if accounting.sensitivity is None:
        return accounting.noise_multiplier
    deviations = [noise.deviation for noise in facts.noise]
    known = [deviation for deviation in deviations if deviation is not None]
    return min(known) / accounting.sensitivity if len(known) == len(deviations) else None


def epsilon(noise_multiplier: float, accounting: Accounting, *, sampled: bool) -> float:
    """The epsilon of a Gaussian mechanism for the rounds of an accounting.

    Args:
        noise_multiplier: The standard deviation over the sensitivity.
        accounting: Delta, rounds and sampling.
        sampled: Whether it is not known who takes part.
    """
    import dp_accounting
    from dp_accounting import rdp

    event = dp_accounting.GaussianDpEvent(noise_multiplier)
    if sampled and accounting.sampling < 1:
        event = dp_accounting.PoissonSampledDpEvent(accounting.sampling, event)
    accountant = rdp.RdpAccountant(ORDERS)
    accountant.compose(dp_accounting.SelfComposedDpEvent(event, accounting.rounds))
    return float(accountant.get_epsilon(accounting.delta))
