"""What ``scripts/tff_tests`` makes of refusals."""

from __future__ import annotations

from tff_calls import Call, reasons_of, status_of
from tff_verdicts import UNSUPPORTED, verdict

from ezprivsecfl.errors import Location, UnsupportedError

PLACE = Location("program.py", 3, "Pow")


def test_a_refusal_by_the_compiler_has_a_reason_too() -> None:
    error = UnsupportedError("not supported on secret values: Pow.", [PLACE])
    call = Call(3, status_of(error, 3), reasons_of(error))
    attempt = {"outcome": "failed", "assertion": False, "detail": "", "calls": [call.to_json()]}
    found = verdict("module", {"test": "test", "attempts": [attempt]})
    assert (found.kind, found.reasons) == (UNSUPPORTED, ("not supported on secret values: Pow.",))


def test_a_refusal_by_the_front_end_lists_its_reasons() -> None:
    error = UnsupportedError("sum uses what is not supported:\n  program.py:3: OneHot: not supported\n  at somewhere")
    assert reasons_of(error) == ["OneHot: not supported"]
