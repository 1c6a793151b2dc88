"""The canonical form of addresses: base58 of 32 bytes on Solana, lower-case hex on Ethereum."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_resources.addresses import encode_base58, normalize_address


@given(st.binary(min_size=32, max_size=32))
def test_every_key_of_32_bytes_is_an_address(key: bytes) -> None:
    assert normalize_address("solana", encode_base58(key)) == encode_base58(key)


@given(st.binary(max_size=40).filter(lambda key: len(key) != 32))
def test_no_other_is(key: bytes) -> None:
    with pytest.raises(ValueError, match="it "):
        normalize_address("solana", encode_base58(key))


@pytest.mark.parametrize(
    "text", ["", "0" * 43, "l" * 43, "4X9ASE4SD3PPcwsYjZeVWm1rUaoVbkfictrk8Bd7zQWT ", "1" * 10**6]
)
def test_text_that_is_not_base58_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="."):
        normalize_address("solana", text)
    assert normalize_address("another", text) == text


@pytest.mark.parametrize("size", [20, 48])
@given(st.data())
def test_capitals_of_a_checksum_are_one_address(size: int, data: st.DataObject) -> None:
    key = data.draw(st.binary(min_size=size, max_size=size)).hex()
    assert normalize_address("ethereum", "0x" + key.upper()) == "0x" + key


@pytest.mark.parametrize("text", ["", "0x", "0x" + "g" * 40, "a" * 42, "0x" + "a" * 41])
def test_what_is_no_key_in_hex_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="neither an address"):
        normalize_address("ethereum", text)
