"""The payout's partitioning is SipHash-1-3 with a zero key, the same as the network's."""

import os
import subprocess
import sys

import pytest

from aurora_sandbox.solana.rewards import Partitioner, partition_count

MESSAGES = [bytes(range(n)) for n in (32, 40, 47, 64)]


@pytest.mark.skipif(sys.hash_info.algorithm != "siphash13", reason="this Python hashes bytes in another way")
def test_the_hash_is_siphash_1_3() -> None:
    """Python with PYTHONHASHSEED=0 hashes bytes by SipHash-1-3 with a zero key: an independent witness."""
    code = "import sys; print(*[hash(bytes(range(int(n)))) & (2**64 - 1) for n in sys.argv[1:]])"
    sizes = [str(len(message)) for message in MESSAGES]
    run = subprocess.run(
        [sys.executable, "-c", code, *sizes],
        env={**os.environ, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=True,
    )
    expected = [int(word) * 1_000 >> 64 for word in run.stdout.split()]
    found = [Partitioner(1_000, message[:8]).partition(message[8:]) for message in MESSAGES]
    assert found == expected


def test_partitions_follow_the_number_of_accounts() -> None:
    assert partition_count(0, 4096, 432_000) == 1
    assert partition_count(4096, 4096, 432_000) == 1
    assert partition_count(4097, 4096, 432_000) == 2
    assert partition_count(10**9, 4096, 432) == 43
