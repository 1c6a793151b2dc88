"""A validator's MEV tips of an epoch, from Jito: requests, staged responses, the division, the records.

Fees and rewards read the same responses: shared priority fees, stakers and active stake. A validator without
a row is MISSING, never zero, unless the operator declared that it runs no MEV client. The shapes of Jito's
answers are in `jito.py`. Amounts are lamports.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from aurora_resources.config.chain_rules import SolanaRules
from aurora_resources.providers.concurrently import for_each
from aurora_resources.providers.solana import jito
from aurora_resources.providers.solana.findings import DRIFT, MEV_MISSING, coins
from aurora_resources.providers.solana.jito import Jito, JitoValidator, StakerTips, ValidatorTips
from aurora_resources.providers.staged import first_with, query_value
from aurora_resources.records import (
    FactState,
    Feed,
    Fetcher,
    Finding,
    Normalized,
    ProviderResponse,
    Staged,
    TrackedValidator,
    ValidatorMev,
)
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
        response = await fetcher.fetch(source.validator_rewards(epoch, page))
        rows = jito.validator_tips(response, epoch)
        paid.update([row.vote_account for row in rows])
        if len(rows) < jito.PAGE_ROWS:
            break
    await fetcher.fetch(source.validators(epoch))
    if not paid:
        return
    await fetcher.fetch(source.network_rewards(epoch))

    async def fetch_claims(vote_account: str) -> None:
        for page in range(1, _PAGES_AT_MOST):
            response = await fetcher.fetch(source.staker_rewards(epoch, vote_account, page))
            if len(jito.staker_tips(response, epoch)) < jito.PAGE_ROWS:
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
    tips = _until_short(jito.validator_tips(response, epoch) for response in _in_page_order(totals))
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


def _claims(responses: Iterable[ProviderResponse], epoch: int) -> dict[str, tuple[StakerTips, ...]]:
    """Claims by validator. Rows can repeat at page borders, so a claimant counts once."""
    asked: dict[str, list[ProviderResponse]] = {}
    for response in responses:
        asked.setdefault(query_value(response.request, "validator_vote_account") or "", []).append(response)
    claims: dict[str, tuple[StakerTips, ...]] = {}
    for vote_account, pages in asked.items():
        rows = _until_short(jito.staker_tips(response, epoch) for response in _in_page_order(pages))
        mine = [row for row in rows if row.validator_vote_account == vote_account]
        claims[vote_account] = tuple({row.claimant: row for row in mine}.values())
    return claims


def _in_page_order(responses: Iterable[ProviderResponse]) -> list[ProviderResponse]:
    return sorted(responses, key=lambda response: int(query_value(response.request, "page") or 1))


def _until_short(pages: Iterable[Sequence[Row]]) -> list[Row]:
    """The rows of the pages up to the first that is not full; later ones are left from a longer answer."""
    rows: list[Row] = []
    for page in pages:
        rows.extend(page)
        if len(page) < jito.PAGE_ROWS:
            break
    return rows


CONFIRMED_AFTER_EPOCHS: Final = 2
"""Jito's numbers of epoch N may still change until epoch N + 2 runs."""


def tips_state(epoch: int, running_epoch: int) -> FactState:
    """How sure a number of Jito's about `epoch` is, asked while `running_epoch` ran."""
    settled = running_epoch >= epoch + CONFIRMED_AFTER_EPOCHS
    return FactState.FINAL if settled else FactState.PROVISIONAL


def normalize_tips(
    published: TipResponses | None,
    provider: str,
    epoch: int,
    running_epoch: int,
    validators: Sequence[TrackedValidator],
    rules: SolanaRules,
) -> Normalized[ValidatorMev]:
    """One record a validator, in lamports; findings where Jito contradicts itself."""
    records: list[ValidatorMev] = []
    findings: list[Finding] = list(_network_drift(published)) if published is not None else []
    for validator in validators:
        key = validator.validator_key
        row = None if published is None else published.tips.get(key)
        if published is not None and row is not None:
            division = divide_tips(row.mev_revenue, row.mev_commission, epoch, rules)
            findings += _drift(published, key, division, rules)
            if validator.mev_declared_none:
                message = f"{provider} has tips of epoch {epoch} for it; chains.yaml declares `mev: none`"
                findings.append(Finding(DRIFT, message, key))
            records.append(
                ValidatorMev(
                    key,
                    provider,
                    tips_state(epoch, running_epoch),
                    gross=row.mev_revenue,
                    protocol_fee=division.protocol_fee,
                    delegators_share=division.delegators_share,
                    operator_share=division.operator_share,
                    commission_bps=row.mev_commission,
                )
            )
        elif validator.mev_declared_none:
            records.append(ValidatorMev(key, provider, FactState.FINAL, 0, 0, 0, 0, None))
        else:
            findings.append(Finding(MEV_MISSING, _why_missing(published, provider, epoch), key))
            records.append(ValidatorMev(key, provider, FactState.MISSING, None, None, None, None, None))
    return Normalized(tuple(records), tuple(findings))


def _why_missing(published: TipResponses | None, provider: str, epoch: int) -> str:
    if published is None:
        return f"{provider} was not asked about epoch {epoch}; materialise its MEV again"
    if not published.is_published:
        return f"{provider} has not published epoch {epoch} yet; ask again later"
    return (
        f"{provider} has no row for it in epoch {epoch}: it did not run Jito, or no tree was uploaded; "
        "if it runs no MEV client, declare `mev: none` in chains.yaml"
    )


def _network_drift(published: TipResponses) -> Iterator[Finding]:
    total = sum([row.mev_revenue for row in published.tips.values()])
    if published.network_total is not None and total != published.network_total:
        yield Finding(
            DRIFT,
            f"{published.provider}: the tips of {len(published.tips)} validators sum to {coins(total)}, "
            f"the network's total of epoch {published.epoch} is {coins(published.network_total)}, "
            f"{coins(published.network_total - total)} more",
        )
    if published.listed_total != len(published.tips):
        yield Finding(
            DRIFT,
            f"{published.provider}: epoch {published.epoch} lists {published.listed_total} validators, "
            f"{len(published.tips)} were received; ask for the MEV again",
        )


def _drift(published: TipResponses, key: str, division: TipDivision, rules: SolanaRules) -> Iterator[Finding]:
    row, listed, own = published.tips[key], published.validators.get(key), published.own_claim(key)
    if listed is not None and listed.mev_rewards != row.mev_revenue:
        yield Finding(
            DRIFT,
            f"{published.provider}: tips of epoch {published.epoch} are {coins(row.mev_revenue)} in "
            f"validator_rewards and {coins(listed.mev_rewards)} in validators",
            key,
        )
    claim_is_exact = published.epoch >= rules.tip_router_first_epoch
    if own is not None and claim_is_exact and own.amount != division.operator_share:
        yield Finding(
            DRIFT,
            f"{published.provider}: its own claim of epoch {published.epoch} is {coins(own.amount)}, "
            f"its share by the rate of {row.mev_commission} bps is {coins(division.operator_share)}",
            key,
        )
    stakers = published.stakers(key)
    dust = division.delegators_share - sum([claim.amount for claim in stakers])
    if stakers and not 0 <= dust <= row.num_stakers:
        yield Finding(
            DRIFT,
            f"{published.provider}: {len(stakers)} stakers' claims of epoch {published.epoch} leave "
            f"{coins(dust)} of their {coins(division.delegators_share)}, more than the dust "
            f"of {row.num_stakers} claims",
            key,
        )
