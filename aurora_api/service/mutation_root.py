"""The root of the mutations: each with its name, answer and a line of description. They are in `mutations/`.

A refusal is a `Problem` in the answer; a mutation that failed inside is null beside its error.
"""

import strawberry

from aurora_api.mutations import agreements, partners, validators
from aurora_api.mutations.agreements import AgreementResult
from aurora_api.mutations.overrides import (
    LineOverrideResult,
    confirm_line_override,
    override_commission_line,
    withdraw_line_override,
)
from aurora_api.mutations.partners import PartnerResult, PartnerWalletResult, WalletUploadResult
from aurora_api.mutations.recomputes import RecomputeResult, start_recompute
from aurora_api.mutations.sessions import (
    ApiTokenResult,
    DoneResult,
    NewApiTokenResult,
    SessionResult,
    resolve_change_password,
    resolve_create_api_token,
    resolve_login,
    resolve_logout,
    resolve_refresh,
    resolve_revoke_api_token,
)
from aurora_api.mutations.statements import (
    StatementDownloadResult,
    StatementResult,
    approve_statement,
    download_statement,
    mark_statement_paid,
    reject_statement,
    release_statement,
    submit_statement,
)
from aurora_api.mutations.users import (
    UserResult,
    resolve_create_user,
    resolve_disable_user,
    resolve_enable_user,
    resolve_set_password,
    resolve_sign_out_user,
    resolve_update_user,
)
from aurora_api.mutations.validators import ValidatorResult


@strawberry.type(description="What can be done. Every change is one transaction, its audit row included.")
class Mutation:
    """The changes, by the name of what they are about."""

    activate_agreement: AgreementResult | None = strawberry.mutation(
        resolver=agreements.resolve_activate_agreement, description="Let a draft or suspended agreement pay."
    )
    add_wallet: PartnerWalletResult | None = strawberry.mutation(
        resolver=partners.resolve_add_wallet, description="Count a wallet as a partner's."
    )
    amend_agreement: AgreementResult | None = strawberry.mutation(
        resolver=agreements.resolve_amend_agreement, description="Make an agreement's next version."
    )
    approve_statement: StatementResult | None = strawberry.mutation(
        resolver=approve_statement, description="Approve what another user submitted."
    )
    change_password: DoneResult | None = strawberry.mutation(
        resolver=resolve_change_password, description="Change your own password; your other sessions end."
    )
    create_agreement: AgreementResult | None = strawberry.mutation(
        resolver=agreements.resolve_create_agreement, description="Draft an agreement."
    )
    confirm_line_override: LineOverrideResult | None = strawberry.mutation(
        resolver=confirm_line_override, description="Confirm the amount that another user set on a line."
    )
    create_api_token: NewApiTokenResult | None = strawberry.mutation(
        resolver=resolve_create_api_token, description="Make a token for a program of yours."
    )
    create_partner: PartnerResult | None = strawberry.mutation(
        resolver=partners.resolve_create_partner, description="Add a partner."
    )
    create_user: UserResult | None = strawberry.mutation(
        resolver=resolve_create_user, description="Add a user."
    )
    disable_user: UserResult | None = strawberry.mutation(
        resolver=resolve_disable_user, description="Stop a user; sessions and API tokens end at once."
    )
    download_statement: StatementDownloadResult | None = strawberry.mutation(
        resolver=download_statement, description="Get a short-lived address of a statement as CSV or PDF."
    )
    enable_user: UserResult | None = strawberry.mutation(
        resolver=resolve_enable_user, description="Let a stopped user in again, who then signs in anew."
    )
    end_wallet: PartnerWalletResult | None = strawberry.mutation(
        resolver=partners.resolve_end_wallet,
        description="End the time for which a wallet counts as a partner's.",
    )
    login: SessionResult | None = strawberry.mutation(
        resolver=resolve_login, description="Sign in. Ten attempts a minute from one address are looked at."
    )
    logout: DoneResult | None = strawberry.mutation(
        resolver=resolve_logout, description="End the session that asks, at once."
    )
    mark_statement_paid: StatementResult | None = strawberry.mutation(
        resolver=mark_statement_paid, description="Note that a released statement was paid."
    )
    override_commission_line: LineOverrideResult | None = strawberry.mutation(
        resolver=override_commission_line,
        description="Set by hand what a line is owed; above the chain's size another user confirms it.",
    )
    reject_statement: StatementResult | None = strawberry.mutation(
        resolver=reject_statement, description="Make a statement a draft again; not once it is released."
    )
    release_statement: StatementResult | None = strawberry.mutation(
        resolver=release_statement,
        description="Give it a number and release it to its partner; from then on it never changes.",
    )
    start_recompute: RecomputeResult | None = strawberry.mutation(
        resolver=start_recompute, description="Have P&L and commissions computed again by Dagster."
    )
    submit_statement: StatementResult | None = strawberry.mutation(
        resolver=submit_statement, description="Freeze a draft and ask for approval."
    )
    withdraw_line_override: LineOverrideResult | None = strawberry.mutation(
        resolver=withdraw_line_override, description="Let a line's computed amount count again."
    )
    refresh: SessionResult | None = strawberry.mutation(
        resolver=resolve_refresh, description="Exchange a refresh token for the next pair of tokens."
    )
    register_validator: ValidatorResult | None = strawberry.mutation(
        resolver=validators.resolve_register_validator,
        description="Keep books for a validator from the next run on.",
    )
    revoke_api_token: ApiTokenResult | None = strawberry.mutation(
        resolver=resolve_revoke_api_token, description="End an API token, at once."
    )
    set_password: UserResult | None = strawberry.mutation(
        resolver=resolve_set_password, description="Give a user another password; their sessions end."
    )
    sign_out_user: UserResult | None = strawberry.mutation(
        resolver=resolve_sign_out_user, description="End a user's sessions and API tokens, at once."
    )
    suspend_agreement: AgreementResult | None = strawberry.mutation(
        resolver=agreements.resolve_suspend_agreement,
        description="Stop an active agreement from paying, for a while.",
    )
    terminate_agreement: AgreementResult | None = strawberry.mutation(
        resolver=agreements.resolve_terminate_agreement,
        description="End an active or suspended agreement for good.",
    )
    update_partner: PartnerResult | None = strawberry.mutation(
        resolver=partners.resolve_update_partner, description="Rename a partner."
    )
    update_user: UserResult | None = strawberry.mutation(
        resolver=resolve_update_user, description="Change a user; what is left out stays."
    )
    upload_wallets: WalletUploadResult | None = strawberry.mutation(
        resolver=partners.resolve_upload_wallets,
        description="Count a file of wallets as a partner's: all of it or nothing.",
    )
