"""The model every entry of a configuration file is: unknown keys are refused, values never change.

What can be configured is in `config.py` and `chain_rules.py`; reading files is in `config_files.py`.
"""

from pydantic import BaseModel, ConfigDict


class StrictModel(BaseModel):
    """Unknown keys are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)
