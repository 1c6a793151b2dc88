"""The form of addresses: 32 bytes in base58 on Solana, anything where the form is not known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_resources.addresses import fault_of_address
from aurora_resources.base58 import encode


@given(st.binary(min_size=32, max_size=32))
def test_every_key_of_32_bytes_is_an_address(key: bytes) -> None:
    assert fault_of_address("solana", encode(key)) is None


@given(st.binary(max_size=40).filter(lambda key: len(key) != 32))
def test_no_other_is(key: bytes) -> None:
    assert fault_of_address("solana", encode(key)) is not None


@pytest.mark.parametrize(
    "text", ["", "0" * 43, "l" * 43, "4X9ASE4SD3PPcwsYjZeVWm1rUaoVbkfictrk8Bd7zQWT ", "1" * 10**6]
)
def test_text_that_is_no_base58_is_told(text: str) -> None:
    assert fault_of_address("solana", text)
    assert fault_of_address("another", text) is None
