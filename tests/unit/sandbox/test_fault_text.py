"""Faults as people write them."""

import pytest

from aurora_resources.errors import ConfigurationError
from aurora_sandbox.providers import FAULTS
from aurora_sandbox.server.faults import Fault, FaultPlan


def test_text_and_object_say_the_same() -> None:
    text = FAULTS.parse("jito/validator_*:rate_limited:times=2:retry_after=1")
    assert text == Fault("rate_limited", "jito", "validator_*", times=2, retry_after=1)
    fields = {"provider": "jito", "endpoint": "validator_*", "kind": "rate_limited"}
    assert text == FAULTS.build(fields | {"times": 2, "retry_after": 1})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("jito", "PROVIDER"),
        ("jito:explode", "unknown kind 'explode'"),
        ("moon:http_500", "provider"),
        ("jito:http_500:seconds=3", "http_500 has no option 'seconds'"),
        ("jito:http_500:times=0", "times"),
        ("jito:http_500:times=few", "times"),
        ("jito:http_500:times", "'times'"),
        ("jito:drift", "bps=N, lamports=N or amount=N"),
        ("jito:missing_validator", "validator=ADDRESS"),
        ("jito:slow:seconds=-1", "seconds"),
    ],
)
def test_a_wrong_fault_is_explained(text: str, words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        FAULTS.parse(text)
    assert text in str(caught.value)
    assert words in str(caught.value)


def test_a_fault_passes_after_its_times() -> None:
    plan = FaultPlan([FAULTS.parse("jito:http_500:times=2")])
    hits = [len(plan.take("jito", [("validators", 800)], per_call=False)) for _ in range(3)]
    assert hits == [1, 1, 0]
    assert plan.describe() == [{"kind": "http_500", "provider": "jito", "times": 2, "left": 0}]


def test_a_fault_hits_only_what_it_names() -> None:
    plan = FaultPlan([FAULTS.parse("rpc/getBlock*:http_503:epoch=800")])
    assert plan.take("rpc", [("getBlock", 800)], per_call=False)
    assert plan.take("rpc", [("getSlot", None), ("getBlocks", 800)], per_call=False)
    assert not plan.take("rpc", [("getBlock", 801)], per_call=False)
    assert not plan.take("rpc", [("getSlot", 800)], per_call=False)
    assert not plan.take("jito", [("getBlock", 800)], per_call=False)
