"""An epoch's tips as Jito publishes them: how it is asked, the book of what it said, and the division.

Fees and rewards use the same book: shared priority fees, stakers and active stake stand in it. The canonical
record is made in `mev.py`; the provider's shapes are in `jito.py`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from aurora_resources.config.chain_rules import SolanaRules
from aurora_resources.providers.concurrently import for_each
from aurora_resources.providers.solana import jito
from aurora_resources.providers.solana.jito import Jito, JitoValidator, StakerTips, ValidatorTips
from aurora_resources.providers.staged import first_with, query_value
from aurora_resources.records import Feed, Fetcher, ProviderResponse, Staged, TrackedValidator
from aurora_resources.units import floor_share

Row = TypeVar("Row")

_PAGES_AT_MOST: Final = 1_000
"""No answer has this many pages; a provider that repeats full pages for ever is not followed."""


@dataclass(frozen=True, slots=True)
class TipDivision:
    """A validator's tips, in lamports: the three parts sum to the total."""

    protocol_fee: int
    operator_share: int
    delegators_share: int


@dataclass(frozen=True, slots=True)
class TipResponses:
    """What Jito said of one epoch.

    `validators` and `claims` are by vote account; `claims` holds every claim of the validators asked about,
    stakers' and others'. `listed_total` is how many rows Jito says there are, `network_total` the lamports of
    all validators, None when not answered.
    """

    provider: str
    epoch: int
    tips: Mapping[str, ValidatorTips]
    listed_total: int
    validators: Mapping[str, JitoValidator]
    network_total: int | None
    claims: Mapping[str, tuple[StakerTips, ...]]

    @property
    def is_published(self) -> bool:
        """Whether Jito has published the epoch at all."""
        return bool(self.tips)

    def stakers(self, vote_account: str) -> tuple[StakerTips, ...]:
        """The stakers' claims of one validator; empty when there is no tree or it was not asked for."""
        return tuple([row for row in self.claims.get(vote_account, ()) if row.is_staker])

    def own_claim(self, vote_account: str) -> StakerTips | None:
        """The validator's own claim, None when the tree has none."""
        claims = self.claims.get(vote_account, ())
        return next((row for row in claims if not row.is_staker and row.claimant == vote_account), None)

    def active_stake(self, vote_account: str) -> int | None:
        """The validator's active stake in the epoch, in lamports."""
        found = self.validators.get(vote_account)
        return None if found is None else found.active_stake


def divide_tips(total: int, commission_bps: int, epoch: int, rules: SolanaRules) -> TipDivision:
    """Divide `total` lamports as Jito's tip distribution does.

    From `rules.tip_router_first_epoch` on the protocol takes floor(total × fee). The validator takes
    floor(total × commission), of the whole total, but never more than the protocol left. The rest is the
    stakers'; the dust of dividing it among them stays unclaimed and is counted here as theirs.
    """
    fee_bps = rules.tip_router_fee_bps if epoch >= rules.tip_router_first_epoch else 0
    protocol = floor_share(total, fee_bps)
    operator = min(floor_share(total, commission_bps), total - protocol)
    return TipDivision(protocol, operator, total - protocol - operator)


async def fetch_tips(
    fetcher: Fetcher, source: Jito, epoch: int, validators: Sequence[TrackedValidator]
) -> None:
    """Ask for the tips of `epoch`: all validators' totals, and the stakers' claims of `validators`.

    While Jito has not published the epoch only the list of validators is asked for. Raises ProviderError.
    """
    paid: set[str] = set()
    for page in range(1, _PAGES_AT_MOST):
        payload = await fetcher.fetch(source.validator_rewards(epoch, page))
        rows = jito.validator_tips(payload, epoch)
        paid.update([row.vote_account for row in rows])
        if len(rows) < jito.PAGE_ROWS:
            break
    await fetcher.fetch(source.validators(epoch))
    if not paid:
        return
    await fetcher.fetch(source.network_rewards(epoch))

    async def fetch_claims(vote_account: str) -> None:
        for page in range(1, _PAGES_AT_MOST):
            payload = await fetcher.fetch(source.staker_rewards(epoch, vote_account, page))
            if len(jito.staker_tips(payload, epoch)) < jito.PAGE_ROWS:
                break

    await for_each(fetch_claims, [v.validator_key for v in validators if v.validator_key in paid])


def tip_responses(
    staged: Staged, providers: Sequence[str], epoch: int, *, with_claims: bool
) -> TipResponses | None:
    """The book of the first of `providers` that was asked; None when nothing is staged.

    Without claims, which can be a million rows, only the totals are read. Raises PayloadError.
    """
    found = first_with(staged, Feed.MEV, providers, jito.VALIDATOR_REWARDS)
    if found is None:
        return None
    totals = found.every(jito.VALIDATOR_REWARDS)
    tips = _until_short(jito.validator_tips(payload, epoch) for payload in _in_page_order(totals))
    listed = found.last(jito.VALIDATORS)
    network = found.last(jito.NETWORK_REWARDS)
    return TipResponses(
        provider=found.provider,
        epoch=epoch,
        tips={row.vote_account: row for row in tips},
        listed_total=jito.validator_tips_total(totals[-1]),
        validators={
            row.vote_account: row for row in (jito.jito_validators(listed) if listed is not None else ())
        },
        network_total=None if network is None else jito.network_tips(network, epoch),
        claims=_claims(found.every(jito.STAKER_REWARDS), epoch) if with_claims else {},
    )


def _claims(payloads: Iterable[ProviderResponse], epoch: int) -> dict[str, tuple[StakerTips, ...]]:
    """Claims by validator. Rows can repeat at page borders, so a claimant counts once."""
    asked: dict[str, list[ProviderResponse]] = {}
    for payload in payloads:
        asked.setdefault(query_value(payload.question, "validator_vote_account") or "", []).append(payload)
    claims: dict[str, tuple[StakerTips, ...]] = {}
    for vote_account, pages in asked.items():
        rows = _until_short(jito.staker_tips(payload, epoch) for payload in _in_page_order(pages))
        mine = [row for row in rows if row.validator_vote_account == vote_account]
        claims[vote_account] = tuple({row.claimant: row for row in mine}.values())
    return claims


def _in_page_order(payloads: Iterable[ProviderResponse]) -> list[ProviderResponse]:
    return sorted(payloads, key=lambda payload: int(query_value(payload.question, "page") or 1))


def _until_short(pages: Iterable[Sequence[Row]]) -> list[Row]:
    """The rows of the pages up to the first that is not full; later ones are left from a longer answer."""
    rows: list[Row] = []
    for page in pages:
        rows.extend(page)
        if len(page) < jito.PAGE_ROWS:
            break
    return rows
