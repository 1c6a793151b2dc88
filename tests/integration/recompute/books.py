"""A booked installation: three periods of the small world under the checkout's agreements."""

import copy
from collections import Counter
from typing import Any

import yaml

from aurora_assets.pipeline.chain_run import ChainRun
from aurora_resources.config.files import load_config
from aurora_resources.providers.wiring import chain_source
from tests.integration.pipeline.installation import CHAIN, CHECKOUT, Pipeline

PERIODS = (802, 803, 804)


class Booked:
    """The installation, its agreements as they would be in a file, and its books as text."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.file: dict[str, Any] = yaml.safe_load((CHECKOUT / "partners.yaml").read_text())
        self.periods = PERIODS

    @property
    def run(self) -> ChainRun:
        chain = load_config(self.pipeline.folder).chain(CHAIN)
        return ChainRun(chain, chain_source(chain), self.pipeline.warehouse, run_id="test")

    def changed(self, rule_id: str, file: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
        """A copy of `file` (of what is loaded) with other terms for one rule."""
        file = copy.deepcopy(file or self.file)
        for partner in file["partners"]:
            for agreement in partner["agreements"]:
                for rule in agreement["rules"]:
                    if rule["id"] == rule_id:
                        rule.update(fields)
                        if "tiers" in fields:
                            del rule["rate_bps"]
        return file

    def amounts(self) -> dict[tuple[int, str, str, str | None], int]:
        """What is booked, by period, partner, rule and validator."""
        rows = self.pipeline.query(
            "select period_id, partner.code, rule_id, validator_key, amount "
            "from computation.commission_lines_current join registry.partners as partner using (partner_id)"
        )
        return {(period, code, rule, validator): amount for period, code, rule, validator, amount in rows}

    def totals(self) -> dict[str, int]:
        """What is booked by partner over all periods."""
        sums: Counter[str] = Counter()
        for (_, partner, _, _), amount in self.amounts().items():
            sums[partner] += amount
        return dict(sums)

    def content(self) -> dict[str, list[str]]:
        """Every row that could be written, as text."""
        tables = self.pipeline.query(
            "select table_schema || '.' || table_name from information_schema.tables where table_type = "
            "'BASE TABLE' and table_schema in ('registry', 'canonical', 'computation', 'access') order by 1"
        )
        return {
            table: [row[0] for row in self.pipeline.query(f"select t::text from {table} as t order by 1")]
            for (table,) in tables
        }
