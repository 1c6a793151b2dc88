"""Which status an agreement may go to: every pair, and TERMINATED is final."""

from itertools import product

import pytest

from aurora_assets.agreements.lifecycle import AgreementAction as A
from aurora_assets.agreements.lifecycle import status_after
from aurora_assets.commission.agreement import AgreementStatus as S
from aurora_resources.errors import AgreementError

ALLOWED = {
    (S.DRAFT, A.ACTIVATE): S.ACTIVE,
    (S.SUSPENDED, A.ACTIVATE): S.ACTIVE,
    (S.ACTIVE, A.SUSPEND): S.SUSPENDED,
    (S.ACTIVE, A.TERMINATE): S.TERMINATED,
    (S.SUSPENDED, A.TERMINATE): S.TERMINATED,
}


@pytest.mark.parametrize(("status", "action"), list(product(S, A)))
def test_every_step(status: S, action: A) -> None:
    if (status, action) in ALLOWED:
        assert status_after("x", status, action) is ALLOWED[status, action]
    elif status is S.TERMINATED:
        with pytest.raises(AgreementError, match="is TERMINATED, which is final; make a new agreement"):
            status_after("x", status, action)
    else:
        with pytest.raises(AgreementError, match=f"agreement x is {status}: {action} needs it to be"):
            status_after("x", status, action)
